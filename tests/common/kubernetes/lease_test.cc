#include "common/kubernetes/lease.h"

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/kubernetes/api_server.h"

namespace postern::kubernetes {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr absl::Duration kLasts = absl::Seconds(40);

class SightingsTest : public ::testing::Test {
 protected:
  // Server and when it renewed, by its own clock.
  void Seen(std::initializer_list<std::pair<std::string, int>> renewals, int at) {
    std::vector<Json> leases;
    for (const auto& [server, second] : renewals) {
      Json lease = LeaseJson("postern-" + server, server, kLasts, absl::FromUnixSeconds(second));
      SetText(lease, {"metadata", "labels", kServerLabel}, server);
      SetText(lease, {"metadata", "annotations", kNotReadyAnnotation},
              R"({"internet":"SecretNotUsable: no secret"})");
      SetText(lease, {"metadata", "annotations", kMessagesAnnotation}, server == "a" ? "12" : "0");
      leases.push_back(std::move(lease));
    }
    sightings_.Note(leases, At(at));
  }

  static absl::Time At(int second) { return absl::FromUnixSeconds(1'000'000 + second); }

  Sightings sightings_;
};

TEST_F(SightingsTest, AServerIsLiveWhileItsLeaseChanges) {
  Seen({{"a", 1}, {"b", 1}}, 0);
  EXPECT_THAT(sightings_.live(At(39)), ElementsAre("a", "b"));
  Seen({{"a", 2}, {"b", 1}}, 30);
  EXPECT_THAT(sightings_.live(At(45)), ElementsAre("a"));
  EXPECT_THAT(sightings_.live(At(70)), ElementsAre());
}

TEST_F(SightingsTest, WhatWasThereBeforeIsKnownOnceItChangesOrHasRunOut) {
  EXPECT_TRUE(sightings_.complete(At(0)));
  Seen({{"a", 1}, {"b", 1}}, 0);
  EXPECT_FALSE(sightings_.complete(At(0)));
  Seen({{"a", 2}, {"b", 1}, {"c", 1}}, 10);
  EXPECT_FALSE(sightings_.complete(At(10))) << "b";
  EXPECT_TRUE(sightings_.complete(At(40))) << "b is gone, c was seen to come";
}

TEST_F(SightingsTest, ALeaseThatIsGoneIsForgotten) {
  Seen({{"a", 1}, {"b", 1}}, 0);
  Seen({{"b", 1}}, 1);
  EXPECT_THAT(sightings_.live(At(2)), ElementsAre("b"));
}

TEST_F(SightingsTest, ALeaseOfSomethingElseIsNoServer) {
  sightings_.Note({LeaseJson("kube-scheduler", "x", kLasts, At(0))}, At(0));
  EXPECT_THAT(sightings_.live(At(1)), ElementsAre());
}

TEST_F(SightingsTest, MailOfServersThatAreGoneIsOrphaned) {
  Seen({{"a", 1}, {"b", 1}}, 0);
  EXPECT_TRUE(sightings_.orphaned(At(39)).empty());
  EXPECT_THAT(sightings_.orphaned(At(40)), ElementsAre(Pair("a", 12u)));
  Seen({{"a", 2}, {"b", 1}}, 50);
  EXPECT_TRUE(sightings_.orphaned(At(51)).empty());
}

TEST_F(SightingsTest, WhatALiveServerCannotUseIsTold) {
  Seen({{"a", 1}}, 0);
  EXPECT_THAT(sightings_.not_ready(At(1)),
              ElementsAre(Pair("internet", "a: SecretNotUsable: no secret")));
  EXPECT_THAT(sightings_.not_ready(At(41)), ElementsAre());
}

TEST(LeaseTest, TimesHaveSixPlaces) {
  EXPECT_EQ(MicroTime(absl::FromUnixMicros(1'800'000'000'000'007)), "2027-01-15T08:00:00.000007Z");
}

class ElectionTest : public ::testing::Test {
 protected:
  ElectionTest()
      : settings_(api_.settings()),
        access_(*Access::Make(settings_)),
        channel_(*access_.channel()),
        first_(access_, "postern-status", "first", kLasts),
        second_(access_, "postern-status", "second", kLasts) {}

  bool Holds(Election& election, int second) {
    const auto held = election.Hold(*channel_, absl::FromUnixSeconds(1'000'000 + second));
    EXPECT_TRUE(held.ok()) << held.status();
    return *held;
  }

  testing::ApiServer api_;
  const KubernetesSettings settings_;
  const Access access_;
  const std::unique_ptr<http::Channel> channel_;
  Election first_;
  Election second_;
};

TEST_F(ElectionTest, OneOfTwoHoldsIt) {
  EXPECT_TRUE(Holds(first_, 0));
  EXPECT_FALSE(Holds(second_, 0));
  EXPECT_TRUE(Holds(first_, 15));
  EXPECT_FALSE(Holds(second_, 39));
}

TEST_F(ElectionTest, OneThatIsNotRenewedGoesToAnother) {
  EXPECT_TRUE(Holds(first_, 0));
  EXPECT_FALSE(Holds(second_, 10));
  EXPECT_FALSE(Holds(second_, 49));
  EXPECT_TRUE(Holds(second_, 50));
  EXPECT_FALSE(Holds(first_, 51));
  EXPECT_FALSE(first_.held());
}

TEST_F(ElectionTest, OneThatIsReleasedGoesToAnotherAtOnce) {
  EXPECT_TRUE(Holds(first_, 0));
  EXPECT_FALSE(Holds(second_, 1));
  first_.Release(*channel_, absl::Seconds(5));
  EXPECT_TRUE(Holds(second_, 2));
}

TEST_F(ElectionTest, ItIsAskedOnlyWhenItMustBeRenewed) {
  EXPECT_TRUE(Holds(first_, 0));
  const std::size_t before = api_.heard().size();
  EXPECT_TRUE(Holds(first_, 9));
  EXPECT_EQ(api_.heard().size(), before);
  EXPECT_TRUE(Holds(first_, 11));
  EXPECT_GT(api_.heard().size(), before);
}

TEST_F(ElectionTest, WithoutTheServerNobodyHoldsIt) {
  EXPECT_TRUE(Holds(first_, 0));
  api_.Refuses(500);
  EXPECT_FALSE(first_.Hold(*channel_, absl::FromUnixSeconds(1'000'020)).ok());
  EXPECT_FALSE(first_.held());
}

}  // namespace
}  // namespace postern::kubernetes
