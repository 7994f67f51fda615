// What is known from elsewhere, who asks at the same time, and what is remembered of it all.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/io/scope.h"
#include "common/smtp/sts.h"
#include "tests/common/smtp/sts_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;

class StsKnownTest : public StsPoliciesTest {};

TEST_F(StsKnownTest, WhatIsHandedInSavesTheFetch) {
  const StsAnswer answer = Ask(kStsDomain, Known("1", absl::Hours(2)));
  EXPECT_EQ(*answer.known, Known("1", absl::Hours(2)));
  EXPECT_FALSE(answer.fresh);
  EXPECT_EQ(IdOf(Ask()), "1");
  EXPECT_EQ(web_.requests(), 0u);
}

TEST_F(StsKnownTest, WhatIsHandedInStaysInForceLikeOurs) {
  dns_.TxtFails(kStsRecord, absl::UnavailableError("server failure"));
  EXPECT_EQ(IdOf(Ask(kStsDomain, Known("0", absl::Hours(2)))), "0");
  EXPECT_EQ(IdOf(Ask()), "0");
}

TEST_F(StsKnownTest, TheNewerOfBothCounts) {
  Ask();
  // Ours is announced and was fetched later.
  StsAnswer answer = Ask(kStsDomain, Known("0", absl::Hours(2)));
  EXPECT_EQ(IdOf(answer), "1");
  EXPECT_TRUE(answer.fresh);
  // Theirs was fetched later, but ours is announced.
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(IdOf(Ask(kStsDomain, Known("0", absl::ZeroDuration()))), "1");
  // The same policy, fetched later.
  answer = Ask(kStsDomain, Known("1", absl::ZeroDuration(), "mx.later.test"));
  EXPECT_THAT(answer.known->policy.mx, ElementsAre("mx.later.test"));
  EXPECT_FALSE(answer.fresh);
  // Nothing is announced any more.
  dns_.SetTxt(kStsRecord, {});
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(IdOf(Ask(kStsDomain, Known("3", absl::Hours(1)))), "1");
  EXPECT_EQ(IdOf(Ask(kStsDomain, Known("3", absl::ZeroDuration()))), "3");
}

TEST_F(StsKnownTest, AnotherOnesFetchEndsTheError) {
  web_.Answers("404 Not Found");
  EXPECT_FALSE(Ask().error.ok());
  const StsAnswer answer = Ask(kStsDomain, Known("1", absl::ZeroDuration()));
  EXPECT_EQ(IdOf(answer), "1");
  EXPECT_TRUE(answer.error.ok());
}

TEST_F(StsKnownTest, WhatIsHandedInMustHoldAndBeOfTheDomain) {
  dns_.SetTxt(kStsRecord, {});
  EXPECT_EQ(IdOf(Ask(kStsDomain, Known("0", absl::Hours(24)))), "none");
  KnownSts other = Known("0", absl::ZeroDuration());
  other.domain = "b.test";
  EXPECT_EQ(IdOf(Ask(kStsDomain, other)), "none");
  KnownSts endless = Known("0", absl::ZeroDuration());
  endless.expires = absl::InfiniteFuture();
  EXPECT_EQ(Ask(kStsDomain, endless).known->expires, clock_.Now() + absl::Hours(24));
}

TEST_F(StsKnownTest, WithoutAClientOnlyWhatIsHandedInCounts) {
  StsPolicies none(nullptr, clock_, options_);
  const auto ask = [&](std::optional<KnownSts> known) {
    return testing::Await(executor_, none.For(dns_, kStsDomain, std::move(known)));
  };
  EXPECT_EQ(IdOf(ask(Known("0", absl::Hours(1)))), "0");
  EXPECT_EQ(IdOf(ask(Known("0", absl::Hours(24)))), "none");
  EXPECT_EQ(IdOf(ask(std::nullopt)), "none");
  EXPECT_EQ(dns_.questions(), 0);
}

TEST_F(StsKnownTest, NamesAreAskedForAsALabels) {
  dns_.SetTxt("_mta-sts.xn--bcher-kva.test", {"v=STSv1; id=7;"});
  dns_.A("mta-sts.xn--bcher-kva.test", "127.0.0.1");
  web_.Shows(ca_.Issue(testing::ForHost("mta-sts.xn--bcher-kva.test")));
  const StsAnswer answer =
      Ask("B\xc3\xbc"
          "cher.TEST.");
  ASSERT_TRUE(answer.known) << answer.error;
  EXPECT_EQ(answer.known->domain, "xn--bcher-kva.test");
}

TEST_F(StsKnownTest, WhatIsNoDomainHasNoPolicy) {
  for (const std::string domain : {"[127.0.0.1]", "", "a..test"})
    EXPECT_EQ(IdOf(Ask(domain)), "none");
  EXPECT_EQ(dns_.questions(), 0);
}

TEST_F(StsKnownTest, AnOldPolicyMayBeRefreshedBeforeItsExpiry) {
  options_.refresh_after = absl::Hours(6);
  Ask();
  clock_.Advance(absl::Hours(5));
  EXPECT_FALSE(Ask().fresh);
  clock_.Advance(absl::Hours(1));
  StsAnswer answer = Ask();
  EXPECT_TRUE(answer.fresh);
  EXPECT_EQ(answer.known->expires, clock_.Now() + absl::Hours(24));
  web_.Answers("404 Not Found");
  clock_.Advance(absl::Hours(6));
  answer = Ask();
  EXPECT_EQ(IdOf(answer), "1");
  EXPECT_FALSE(answer.error.ok());
}

TEST_F(StsKnownTest, MemoryIsBoundedAndPoliciesAreTheLastToGo) {
  options_.domains_max = 10;
  Ask();
  for (int i = 0; i < 100; ++i)
    Ask(base::Cat("bare", i, ".test"));
  EXPECT_EQ(policies().counts().domains, 10u);
  dns_.SetTxt(kStsRecord, {});
  EXPECT_EQ(IdOf(Ask()), "1");
  EXPECT_EQ(web_.requests(), 1u);
}

TEST_F(StsKnownTest, BytesAreBoundedToo) {
  options_.bytes_max = 20'000;
  for (int i = 0; i < 30; ++i) {
    KnownSts known = Known("1", absl::ZeroDuration());
    known.domain = base::Cat("big", i, ".test");
    known.policy.mx.assign(20, std::string(100, 'x') + ".test");
    EXPECT_EQ(IdOf(Ask(known.domain, known)), "1");
  }
  EXPECT_LT(policies().counts().domains, 10u);
  EXPECT_GT(policies().counts().domains, 2u);
}

// Fibers that ask at the same time.
class StsAskersTest : public StsKnownTest {
 protected:
  static io::Task<void> AskInto(StsPolicies* asked,
                                dns::Resolver* resolver,
                                std::vector<StsAnswer>* answers) {
    answers->push_back(co_await asked->For(*resolver, kStsDomain, std::nullopt));
  }

  void Spawn(io::Scope& scope, int count) {
    StsPolicies* const asked = &policies();
    for (int i = 0; i < count; ++i)
      scope.SpawnFrom(AskInto(asked, &dns_, &answers_));
  }

  std::unique_ptr<io::Scope> NewScope() {
    std::unique_ptr<io::Scope> scope;
    executor_.Run([&] { scope = std::make_unique<io::Scope>(executor_); });
    return scope;
  }

  static io::Task<void> JoinScope(io::Scope* scope) { co_await scope->Join(); }

  void Join(std::unique_ptr<io::Scope>& scope) {
    io::RunTask(executor_, JoinScope(scope.get()));
    executor_.Run([&] { scope.reset(); });
  }

  std::vector<StsAnswer> answers_;
};

TEST_F(StsAskersTest, ShareOneQuestionAndOneFetch) {
  dns_.SetDelay(absl::Milliseconds(20));
  auto scope = NewScope();
  Spawn(*scope, 20);
  Join(scope);
  ASSERT_EQ(answers_.size(), 20u);
  for (const StsAnswer& answer : answers_) {
    EXPECT_EQ(IdOf(answer), "1");
    EXPECT_TRUE(answer.fresh);
  }
  EXPECT_EQ(dns_.txt_questions(kStsRecord), 1);
  EXPECT_EQ(web_.requests(), 1u);
  EXPECT_EQ(policies().counts().shared, 19u);
}

TEST_F(StsAskersTest, ShareAFailureToo) {
  dns_.SetDelay(absl::Milliseconds(20));
  web_.Answers("404 Not Found");
  auto scope = NewScope();
  Spawn(*scope, 20);
  Join(scope);
  for (const StsAnswer& answer : answers_)
    EXPECT_EQ(answer.error.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(web_.requests(), 1u);
}

TEST_F(StsAskersTest, AnAskerWhoIsStoppedLeavesTheFetchToTheOthers) {
  web_.Stalls();
  auto first = NewScope();
  auto others = NewScope();
  Spawn(*first, 1);
  ASSERT_TRUE(web_.WaitFor(1));
  Spawn(*others, 3);
  web_.Serves(PolicyText("enforce", "*.a.test", 86400));
  executor_.Run([&] { first->Stop(); });
  Join(first);
  Join(others);
  ASSERT_EQ(answers_.size(), 4u);
  EXPECT_EQ(IdOf(answers_[0]), "none");
  EXPECT_TRUE(answers_[0].error.ok()) << answers_[0].error;
  for (std::size_t i = 1; i < answers_.size(); ++i)
    EXPECT_EQ(IdOf(answers_[i]), "1") << answers_[i].error;
  EXPECT_EQ(web_.requests(), 2u);
  EXPECT_EQ(dns_.txt_questions(kStsRecord), 1);
}

TEST_F(StsAskersTest, AnAskerWhoIsStoppedAtTheQuestionLeavesItToTheOthers) {
  dns_.SetDelay(absl::Hours(1));
  auto first = NewScope();
  auto others = NewScope();
  Spawn(*first, 1);
  Spawn(*others, 3);
  executor_.Run([&] {
    dns_.SetDelay(absl::ZeroDuration());
    first->Stop();
  });
  Join(first);
  Join(others);
  ASSERT_EQ(answers_.size(), 4u);
  for (std::size_t i = 1; i < answers_.size(); ++i)
    EXPECT_EQ(IdOf(answers_[i]), "1") << answers_[i].error;
  EXPECT_EQ(dns_.txt_questions(kStsRecord), 2);
}

TEST_F(StsAskersTest, StoppedAskersEndAtOnce) {
  web_.Stalls();
  auto scope = NewScope();
  Spawn(*scope, 3);
  ASSERT_TRUE(web_.WaitFor(1));
  executor_.Run([&] { scope->Stop(); });
  Join(scope);
  EXPECT_EQ(answers_.size(), 3u);
  web_.Serves(PolicyText("enforce", "*.a.test", 86400));
  EXPECT_EQ(IdOf(Ask()), "1");
}

}  // namespace
}  // namespace postern::smtp
