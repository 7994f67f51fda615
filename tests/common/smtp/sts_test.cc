#include "common/smtp/sts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/common/smtp/sts_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(StsPoliciesTest, AnAnnouncedPolicyIsFetched) {
  const StsAnswer answer = Ask();
  EXPECT_TRUE(answer.error.ok()) << answer.error;
  ASSERT_TRUE(answer.known);
  EXPECT_TRUE(answer.fresh);
  EXPECT_EQ(answer.known->domain, kStsDomain);
  EXPECT_EQ(answer.known->policy.id, "1");
  EXPECT_EQ(answer.known->policy.mode, mail::StsMode::kEnforce);
  EXPECT_THAT(answer.known->policy.mx, ElementsAre("*.a.test"));
  EXPECT_EQ(answer.known->expires, clock_.Now() + absl::Hours(24));
  const auto heard = web_.heard();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_THAT(heard[0], StartsWith("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
  EXPECT_THAT(heard[0], HasSubstr(base::Cat("\r\nHost: ", kStsHost, ":")));
}

TEST_F(StsPoliciesTest, WithoutARecordThereIsNoPolicy) {
  for (int way = 0; way < kWaysToSayNothing; ++way) {
    SayNothing(way);
    const StsAnswer answer = Ask();
    EXPECT_FALSE(answer.known) << way;
    EXPECT_TRUE(answer.error.ok()) << way;
    clock_.Advance(options_.ask_every);
  }
  EXPECT_EQ(dns_.txt_questions(kStsRecord), kWaysToSayNothing);
  EXPECT_EQ(web_.connections(), 0);
}

TEST_F(StsPoliciesTest, NoPolicyIsFetchedWhereNoMailGoes) {
  options_.refused = {*io::Network::Parse("127.0.0.0/8"), *io::Network::Parse("::1/128")};
  const StsAnswer answer = Ask();
  EXPECT_FALSE(answer.known);
  EXPECT_EQ(answer.error.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(web_.connections(), 0);
}

TEST_F(StsPoliciesTest, TheRecordIsAskedForOnceAMinute) {
  for (int i = 0; i < 10; ++i)
    Ask();
  clock_.Advance(absl::Seconds(59));
  Ask();
  EXPECT_EQ(dns_.txt_questions(kStsRecord), 1);
  clock_.Advance(absl::Seconds(1));
  Ask();
  EXPECT_EQ(dns_.txt_questions(kStsRecord), 2);
  dns_.TxtFails(kStsRecord, absl::UnavailableError("server failure"));
  clock_.Advance(absl::Minutes(1));
  Ask();
  Ask();
  EXPECT_EQ(dns_.txt_questions(kStsRecord), 3);
}

TEST_F(StsPoliciesTest, TheSameIdIsNotFetchedAgainUntilTheExpiry) {
  Ask();
  for (int hour = 0; hour < 23; ++hour) {
    clock_.Advance(absl::Hours(1));
    const StsAnswer answer = Ask();
    EXPECT_EQ(IdOf(answer), "1");
    EXPECT_FALSE(answer.fresh);
  }
  EXPECT_EQ(web_.requests(), 1u);
  clock_.Advance(absl::Hours(1));
  const StsAnswer answer = Ask();
  EXPECT_TRUE(answer.fresh);
  EXPECT_EQ(answer.known->expires, clock_.Now() + absl::Hours(24));
  EXPECT_EQ(web_.requests(), 2u);
}

TEST_F(StsPoliciesTest, ANewIdIsFetched) {
  Ask();
  Announce("2");
  web_.Serves(PolicyText("testing", "mx.b.test", 3600));
  EXPECT_EQ(IdOf(Ask()), "1");
  clock_.Advance(absl::Minutes(1));
  const StsAnswer answer = Ask();
  EXPECT_EQ(IdOf(answer), "2");
  EXPECT_TRUE(answer.fresh);
  EXPECT_EQ(answer.known->policy.mode, mail::StsMode::kTesting);
  EXPECT_EQ(answer.known->expires, clock_.Now() + absl::Hours(1));
}

TEST_F(StsPoliciesTest, APolicyStaysInForceWithoutARecordUntilItExpires) {
  for (int way = 0; way < kWaysToSayNothing; ++way) {
    policies_.reset();
    Announce("1");
    ASSERT_EQ(IdOf(Ask()), "1");
    SayNothing(way);
    clock_.Advance(absl::Hours(23));
    StsAnswer answer = Ask();
    EXPECT_EQ(IdOf(answer), "1") << way;
    EXPECT_TRUE(answer.error.ok()) << way;
    EXPECT_FALSE(answer.fresh) << way;
    clock_.Advance(absl::Hours(1));
    answer = Ask();
    EXPECT_EQ(IdOf(answer), "none") << way;
    EXPECT_TRUE(answer.error.ok()) << way;
  }
}

TEST_F(StsPoliciesTest, AFailedFetchIsSaidAndNotRepeatedForFiveMinutes) {
  web_.Answers("404 Not Found");
  for (int minute = 0; minute < 5; ++minute) {
    const StsAnswer answer = Ask();
    EXPECT_FALSE(answer.known);
    EXPECT_EQ(answer.error.code(), absl::StatusCode::kFailedPrecondition) << answer.error;
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_EQ(web_.requests(), 1u);
  web_.Serves(PolicyText("enforce", "*.a.test", 86400));
  const StsAnswer answer = Ask();
  EXPECT_EQ(IdOf(answer), "1");
  EXPECT_TRUE(answer.error.ok()) << answer.error;
  EXPECT_EQ(policies().counts().fetches, 2u);
  EXPECT_EQ(policies().counts().failed_fetches, 1u);
}

TEST_F(StsPoliciesTest, TheOlderPolicyHoldsWhileTheNewOneCannotBeHad) {
  Ask();
  Announce("2");
  web_.Says("");
  clock_.Advance(absl::Hours(1));
  StsAnswer answer = Ask();
  EXPECT_EQ(IdOf(answer), "1");
  EXPECT_FALSE(answer.fresh);
  EXPECT_EQ(answer.error.code(), absl::StatusCode::kUnavailable);
  clock_.Advance(absl::Hours(23));
  answer = Ask();
  EXPECT_EQ(IdOf(answer), "none");
  EXPECT_EQ(answer.error.code(), absl::StatusCode::kUnavailable);
}

TEST_F(StsPoliciesTest, AnotherIdIsFetchedAtOnceAfterAFailure) {
  web_.Answers("404 Not Found");
  Ask();
  Announce("2");
  web_.Serves(PolicyText("enforce", "*.a.test", 86400));
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(IdOf(Ask()), "2");
}

TEST_F(StsPoliciesTest, AnErrorEndsWithItsAnnouncement) {
  web_.Answers("404 Not Found");
  EXPECT_FALSE(Ask().error.ok());
  dns_.SetTxt(kStsRecord, {});
  clock_.Advance(absl::Minutes(1));
  EXPECT_TRUE(Ask().error.ok());
}

TEST_F(StsPoliciesTest, TheErrorTellsWhatWentWrong) {
  Ask();
  int id = 1;
  const auto error = [&] {
    clock_.Advance(absl::Minutes(1));
    Announce(std::to_string(++id));
    const StsAnswer answer = Ask();
    EXPECT_EQ(IdOf(answer), "1");
    return answer.error.code();
  };
  web_.Answers("301 Moved", base::Cat("Location: https://", kStsHost, ":", web_.port(), "/\r\n"));
  EXPECT_EQ(error(), absl::StatusCode::kFailedPrecondition);
  web_.Serves(PolicyText("enforce", "*.a.test", 86400), "text/html");
  EXPECT_EQ(error(), absl::StatusCode::kFailedPrecondition);
  web_.Serves("version: STSv1\n", "TEXT/Plain ; charset=utf-8");
  EXPECT_EQ(error(), absl::StatusCode::kInvalidArgument);
  web_.Serves(std::string(70'000, 'x'));
  EXPECT_EQ(error(), absl::StatusCode::kOutOfRange);
  web_.Shows(ca_.Issue(testing::ForHost("a.test")));
  EXPECT_EQ(error(), absl::StatusCode::kUnauthenticated);
  dns_.AddressesFail(kStsHost, absl::UnavailableError("server failure"));
  EXPECT_EQ(error(), absl::StatusCode::kUnavailable);
  dns_.NoData(kStsHost);
  EXPECT_EQ(error(), absl::StatusCode::kNotFound);
}

TEST_F(StsPoliciesTest, ASlowPolicyHostIsGivenUp) {
  options_.fetch_time_max = absl::Milliseconds(100);
  web_.Drips(absl::Milliseconds(10));
  EXPECT_EQ(Ask().error.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(StsPoliciesTest, ModeNoneReplacesWhatWasInForce) {
  Ask();
  Announce("2");
  web_.Serves("version: STSv1\nmode: none\nmax_age: 3600\n");
  clock_.Advance(absl::Minutes(1));
  StsAnswer answer = Ask();
  ASSERT_TRUE(answer.known);
  EXPECT_EQ(answer.known->policy.mode, mail::StsMode::kNone);
  EXPECT_TRUE(answer.fresh);
  dns_.SetTxt(kStsRecord, {});
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(IdOf(Ask()), "none");
}

TEST_F(StsPoliciesTest, APolicyThatEndsAtOnceServesForAMinute) {
  web_.Serves(PolicyText("enforce", "*.a.test", 0));
  EXPECT_EQ(IdOf(Ask()), "1");
  EXPECT_EQ(IdOf(Ask()), "1");
  EXPECT_EQ(web_.requests(), 1u);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(IdOf(Ask()), "1");
  EXPECT_EQ(web_.requests(), 2u);
}

}  // namespace
}  // namespace postern::smtp
