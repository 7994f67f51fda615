#include "services/frontend-transport/egress/destinations.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::egress {
namespace {

class EgressDestinationsTest : public ::testing::Test {
 protected:
  std::optional<v1::Destination> Note(const std::string& domain,
                                      const std::string& mx_set,
                                      smtp::Stage stage,
                                      const absl::Status& error,
                                      int code = 0) {
    delivery_.route.domain = domain;
    smtp::Outcome outcome;
    outcome.mx_set = mx_set;
    smtp::HostTried tried;
    tried.stage = stage;
    tried.error = error;
    if (code != 0) tried.reply = mail::Reply{code, {"said so"}};
    outcome.hosts = {tried};
    return destinations_.Note(delivery_, outcome, now_);
  }

  // All that it says is this, at this stage.
  bool BlocksWith(smtp::Stage stage, int code) {
    destinations_ = Destinations(absl::Seconds(30));
    Note("one.test", "10 mx7.test", stage, absl::OkStatus(), code);
    return !destinations_.Blocked(now_).empty();
  }

  std::optional<v1::Destination> Silent(const std::string& domain) {
    return Note(domain, "10 mx7.test", smtp::Stage::kConnect,
                absl::DeadlineExceededError("no answer"));
  }

  std::optional<v1::Destination> Answers(const std::string& domain) {
    return Note(domain, "10 mx7.test", smtp::Stage::kBody, absl::OkStatus());
  }

  smtp::Delivery delivery_;
  Destinations destinations_{absl::Seconds(30)};
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
};

TEST_F(EgressDestinationsTest, ExchangersOfADomainAreToldOnceInALongTime) {
  const auto told = Answers("one.test");
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->mx_set_id(), "10 mx7.test");
  EXPECT_EQ(told->blocked_until_unix_ms(), 0u);
  EXPECT_FALSE(Answers("one.test").has_value());
  EXPECT_TRUE(Answers("two.test").has_value());
  now_ += kDestinationTtl;
  EXPECT_TRUE(Answers("one.test").has_value());
}

TEST_F(EgressDestinationsTest, ASetOfManyExchangersHasAShortId) {
  const std::string many(200, 'x');
  const auto one = Note("one.test", many, smtp::Stage::kBody, absl::OkStatus());
  const auto two = Note("two.test", many, smtp::Stage::kBody, absl::OkStatus());
  const auto other = Note("three.test", many + "y", smtp::Stage::kBody, absl::OkStatus());
  EXPECT_LE(one->mx_set_id().size(), 64u);
  EXPECT_EQ(one->mx_set_id(), two->mx_set_id());
  EXPECT_NE(one->mx_set_id(), other->mx_set_id());
}

TEST_F(EgressDestinationsTest, SilentExchangersAreLeftAloneUntilOneAnswers) {
  const auto told = Silent("one.test");
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->blocked_until_unix_ms(), 1'800'000'030'000u);
  EXPECT_EQ(destinations_.Blocked(now_).size(), 1u);
  ASSERT_TRUE(Answers("two.test").has_value());
  EXPECT_TRUE(destinations_.Blocked(now_).empty());
}

TEST_F(EgressDestinationsTest, BlockEnds) {
  Silent("one.test");
  now_ += absl::Seconds(30);
  EXPECT_TRUE(destinations_.Blocked(now_).empty());
}

TEST_F(EgressDestinationsTest, WhatIsOurFaultBlocksNobody) {
  for (const absl::Status& error :
       {absl::ResourceExhaustedError("all sessions are in use"), absl::CancelledError("stopping"),
        absl::FailedPreconditionError("not our address")}) {
    Note("one.test", "10 mx7.test", smtp::Stage::kConnect, error);
    EXPECT_TRUE(destinations_.Blocked(now_).empty()) << error;
  }
}

TEST_F(EgressDestinationsTest, HostThatSendsUsAwayBeforeAnyMailIsAsGoodAsSilent) {
  EXPECT_TRUE(BlocksWith(smtp::Stage::kGreeting, 421));
  EXPECT_TRUE(BlocksWith(smtp::Stage::kGreeting, 554));
  EXPECT_TRUE(BlocksWith(smtp::Stage::kHello, 421));
  Note("two.test", "10 mx8.test", smtp::Stage::kGreeting, absl::UnavailableError("closed"));
  EXPECT_EQ(destinations_.Blocked(now_).size(), 2u);
}

TEST_F(EgressDestinationsTest, HostThatTalksIsNotSilent) {
  EXPECT_FALSE(BlocksWith(smtp::Stage::kHello, 550)) << "our name, perhaps";
  EXPECT_FALSE(BlocksWith(smtp::Stage::kMail, 421));
  EXPECT_FALSE(BlocksWith(smtp::Stage::kTls, 454));
}

TEST_F(EgressDestinationsTest, HostThatSendsUsAwayDoesNotEndABlock) {
  Silent("one.test");
  Note("two.test", "10 mx7.test", smtp::Stage::kHello, absl::OkStatus(), 421);
  EXPECT_EQ(destinations_.Blocked(now_).size(), 1u);
  Note("two.test", "10 mx7.test", smtp::Stage::kHello, absl::OkStatus(), 550);
  EXPECT_TRUE(destinations_.Blocked(now_).empty());
}

TEST_F(EgressDestinationsTest, ExchangersThatWereNotTriedMayAnswer) {
  smtp::Outcome outcome;
  outcome.mx_set = "10 mx7.test";
  smtp::HostTried tried;
  tried.stage = smtp::Stage::kConnect;
  tried.error = absl::UnavailableError("refused");
  outcome.hosts = {tried};
  outcome.hosts_left = true;
  destinations_.Note(delivery_, outcome, now_);
  EXPECT_TRUE(destinations_.Blocked(now_).empty());
}

TEST_F(EgressDestinationsTest, MailWithAWayOfItsOwnTellsNothingOfOthers) {
  delivery_.policy.external_dns = true;
  EXPECT_FALSE(Silent("one.test").has_value());
  delivery_.policy.external_dns = false;
  delivery_.policy.source_address = *io::IpAddress::Parse("192.0.2.1");
  EXPECT_FALSE(Silent("one.test").has_value());
  delivery_.policy.source_address.reset();
  delivery_.route.dns_routing = false;
  EXPECT_FALSE(Silent("one.test").has_value());
}

TEST_F(EgressDestinationsTest, ZeroTellsNothing) {
  destinations_ = Destinations(absl::ZeroDuration());
  EXPECT_FALSE(Silent("one.test").has_value());
}

TEST_F(EgressDestinationsTest, TableIsBounded) {
  for (std::size_t i = 0; i < kDestinationsMax + 10; ++i) {
    Note(base::Cat("d", i, ".test"), base::Cat("10 mx", i, ".test"), smtp::Stage::kConnect,
         absl::UnavailableError("refused"));
  }
  EXPECT_EQ(destinations_.Blocked(now_).size(), kDestinationsMax);
}

}  // namespace
}  // namespace postern::egress
