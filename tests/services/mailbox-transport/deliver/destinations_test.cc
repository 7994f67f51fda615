#include "services/mailbox-transport/deliver/destinations.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::deliver {
namespace {

using ::testing::HasSubstr;

class DestinationsTest : public ::testing::Test {
 protected:
  void Told(const std::string& domain, const std::string& set, absl::Duration blocked_for) {
    v1::Destination told;
    told.set_domain(domain);
    told.set_mx_set_id(set);
    told.set_ttl_seconds(1800);
    if (blocked_for > absl::ZeroDuration()) {
      told.set_blocked_until_unix_ms(
          static_cast<std::uint64_t>(absl::ToUnixMillis(now_ + blocked_for)));
    }
    destinations_.Told(told, now_);
  }

  bool Blocked(const std::string& domain) { return !destinations_.Blocked(domain, now_).ok(); }

  Destinations destinations_;
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
};

TEST_F(DestinationsTest, DomainWithTheSameExchangersIsAnsweredWithoutATry) {
  Told("one.test", "mx", absl::ZeroDuration());
  Told("two.test", "mx", absl::ZeroDuration());
  EXPECT_FALSE(Blocked("two.test"));
  Told("one.test", "mx", absl::Seconds(30));
  EXPECT_THAT(std::string(destinations_.Blocked("two.test", now_).message()),
              HasSubstr("as mail to one.test has shown"));
  EXPECT_FALSE(Blocked("three.test")) << "of which nothing is known";
}

TEST_F(DestinationsTest, BlockAnswersADomainOnceAndThenItIsTried) {
  Told("one.test", "mx", absl::Seconds(30));
  EXPECT_TRUE(Blocked("one.test"));
  EXPECT_TRUE(Blocked("one.test")) << "what begins together";
  now_ += kAnsweredTogether;
  EXPECT_FALSE(Blocked("one.test"));
  Told("one.test", "mx", absl::Seconds(30));
  EXPECT_TRUE(Blocked("one.test")) << "another block";
}

TEST_F(DestinationsTest, DomainThatShowedItIsTriedByItsQueue) {
  Told("one.test", "mx", absl::Seconds(30));
  Told("two.test", "mx", absl::Seconds(30));
  destinations_.Tried("one.test", now_);
  EXPECT_FALSE(Blocked("one.test"));
  EXPECT_TRUE(Blocked("two.test"));
}

TEST_F(DestinationsTest, BlockEndsByItsTimeByAnAnswerAndByItsMost) {
  Told("one.test", "mx", absl::Seconds(30));
  now_ += absl::Seconds(31);
  EXPECT_FALSE(Blocked("one.test"));
  Told("one.test", "mx", absl::Seconds(30));
  Told("two.test", "mx", absl::ZeroDuration());
  EXPECT_FALSE(Blocked("one.test")) << "somebody answered";
  Told("one.test", "mx", absl::Hours(1000));
  now_ += kBlockedMax;
  EXPECT_FALSE(Blocked("one.test"));
}

TEST_F(DestinationsTest, WhatIsKnownOfADomainLapses) {
  Told("two.test", "mx", absl::ZeroDuration());
  now_ += absl::Seconds(1801);
  Told("one.test", "mx", absl::Seconds(30));
  EXPECT_FALSE(Blocked("two.test"));
}

TEST_F(DestinationsTest, NonsenseIsPassedOverAndTheTableIsBounded) {
  Told("", "mx", absl::Seconds(30));
  Told("long.test", std::string(65, 'x'), absl::Seconds(30));
  EXPECT_FALSE(Blocked("long.test"));
  for (std::size_t i = 0; i < kDestinationsMax + 10; ++i)
    Told(base::Cat("d", i, ".test"), base::Cat("set", i), absl::Seconds(30));
  EXPECT_TRUE(Blocked(base::Cat("d", kDestinationsMax + 9, ".test")));
}

}  // namespace
}  // namespace postern::deliver
