#include "common/dns/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/io/scope.h"
#include "tests/support/await.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_resolver.h"

namespace postern::dns {
namespace {

using ::testing::HasSubstr;

class CacheTest : public ::testing::Test {
 protected:
  CacheTest() {
    executor_.Start();
    below_.Mx("a.test", {{10, "mx.a.test"}});
    below_.A("mx.a.test", "192.0.2.1");
  }

  ~CacheTest() override { executor_.Stop(); }

  absl::StatusOr<MxAnswer> AskMx(std::string domain) {
    return testing::Await(executor_, cache_.Mx(std::move(domain)));
  }

  absl::StatusOr<AddressAnswer> AskAddresses(std::string host) {
    return testing::Await(executor_, cache_.Addresses(std::move(host)));
  }

  static CachingResolver::Limits ThreeAnswers() {
    CachingResolver::Limits limits;
    limits.answers_max = 3;
    return limits;
  }

  // How often `name` is asked below, when it is asked twice with `pause` between.
  int QuestionsWithPause(std::string name, absl::Duration pause) {
    AskMx(name).IgnoreError();
    clock_.Advance(pause);
    AskMx(name).IgnoreError();
    return below_.mx_questions(name);
  }

  io::Executor executor_{"cache"};
  testing::FakeResolver below_;
  testing::FakeClock clock_;
  observe::Registry registry_;
  Probe probe_{registry_, "internal"};
  CachingResolver cache_{below_, clock_, ThreeAnswers(), &probe_};
};

TEST_F(CacheTest, AnswerIsRememberedUntilItsTtlEnds) {
  below_.SetTtl(absl::Seconds(300));
  EXPECT_EQ(AskMx("a.test")->ttl, absl::Seconds(300));
  clock_.Advance(absl::Seconds(299));
  const auto again = AskMx("A.TEST.");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->records.at(0).host, "mx.a.test");
  EXPECT_EQ(again->ttl, absl::Seconds(1));
  EXPECT_EQ(below_.questions(), 1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(AskMx("a.test").ok());
  EXPECT_EQ(below_.questions(), 2);
  EXPECT_THAT(registry_.Text(),
              HasSubstr("postern_dns_cached_answers_total{resolver=\"internal\"} 1"));
  EXPECT_EQ(cache_.counts().misses, 2u);
}

TEST_F(CacheTest, TtlIsKeptBetweenOneSecondAndOneDay) {
  below_.SetTtl(absl::ZeroDuration());
  EXPECT_EQ(QuestionsWithPause("a.test", absl::Milliseconds(999)), 1);
  below_.SetTtl(absl::Hours(24 * 30));
  below_.Mx("b.test", {{10, "mx.a.test"}});
  EXPECT_EQ(QuestionsWithPause("b.test", absl::Hours(24)), 2);
}

TEST_F(CacheTest, MissingNamesAndRecordsAreRememberedForAShortTime) {
  below_.SetTtl(absl::Hours(10));
  below_.NoData("empty.test");
  EXPECT_EQ(QuestionsWithPause("empty.test", absl::Seconds(299)), 1);
  EXPECT_EQ(QuestionsWithPause("empty.test", absl::Minutes(5)), 2);
  below_.MxFails("gone.test", WithNegativeTtl(absl::NotFoundError("gone"), absl::Seconds(20)));
  EXPECT_EQ(QuestionsWithPause("gone.test", absl::Seconds(19)), 1);
  EXPECT_TRUE(absl::IsNotFound(AskMx("gone.test").status()));
  EXPECT_EQ(QuestionsWithPause("gone.test", absl::Seconds(20)), 2);
}

TEST_F(CacheTest, FailuresAreNeverRemembered) {
  below_.ServFail("a.test");
  EXPECT_TRUE(absl::IsUnavailable(AskMx("a.test").status()));
  below_.Mx("a.test", {{10, "mx.a.test"}});
  EXPECT_TRUE(AskMx("a.test").ok());
  EXPECT_EQ(cache_.counts().answers, 1u);
}

TEST_F(CacheTest, MxAndAddressesOfOneNameAreTwoAnswers) {
  below_.A("a.test", "192.0.2.9");
  EXPECT_TRUE(AskMx("a.test").ok());
  EXPECT_EQ(AskAddresses("a.test")->addresses.at(0).ToString(), "192.0.2.9");
  EXPECT_EQ(cache_.counts().answers, 2u);
}

TEST_F(CacheTest, TheLongestUnusedAnswerMakesRoom) {
  for (const char* name : {"1.test", "2.test", "3.test", "4.test"})
    below_.NoData(name);
  for (const char* name : {"1.test", "2.test", "3.test", "1.test", "4.test"}) {
    EXPECT_TRUE(AskMx(name).ok());
  }
  EXPECT_EQ(cache_.counts().evicted, 1u);
  EXPECT_EQ(cache_.counts().answers, 3u);
  EXPECT_TRUE(AskMx("1.test").ok());
  EXPECT_EQ(below_.mx_questions("1.test"), 1);
  EXPECT_TRUE(AskMx("2.test").ok());
  EXPECT_EQ(below_.mx_questions("2.test"), 2);
}

TEST_F(CacheTest, ClearForgetsEverything) {
  EXPECT_TRUE(AskMx("a.test").ok());
  executor_.Run([this] { cache_.Clear(); });
  EXPECT_TRUE(AskMx("a.test").ok());
  EXPECT_EQ(below_.questions(), 2);
}

io::Task<void> AskAndStore(CachingResolver* cache, std::vector<absl::Status>* results) {
  const auto answer = co_await cache->Mx("a.test");
  results->push_back(answer.status());
}

io::Task<void> AskManyAtOnce(io::Executor* executor,
                             CachingResolver* cache,
                             std::vector<absl::Status>* results) {
  io::Scope askers(*executor);
  for (int i = 0; i < 50; ++i)
    askers.Spawn(AskAndStore(cache, results));
  co_await askers.Join();
}

TEST_F(CacheTest, FiftyAskersShareOneQuery) {
  below_.SetDelay(absl::Milliseconds(5));
  std::vector<absl::Status> results;
  io::RunTask(executor_, AskManyAtOnce(&executor_, &cache_, &results));
  EXPECT_EQ(results, std::vector<absl::Status>(50));
  EXPECT_EQ(below_.questions(), 1);
  EXPECT_EQ(cache_.counts().shared, 49u);
}

TEST_F(CacheTest, SharedFailureReachesEveryAskerOnce) {
  below_.SetDelay(absl::Milliseconds(5));
  below_.ServFail("a.test");
  std::vector<absl::Status> results;
  io::RunTask(executor_, AskManyAtOnce(&executor_, &cache_, &results));
  ASSERT_EQ(results.size(), 50u);
  for (const auto& status : results)
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(below_.questions(), 1);
}

io::Task<void> StopTheFirstAsker(io::Executor* executor,
                                 CachingResolver* cache,
                                 std::vector<absl::Status>* stopped,
                                 std::vector<absl::Status>* others) {
  io::Scope first(*executor);
  io::Scope rest(*executor);
  first.Spawn(AskAndStore(cache, stopped));
  for (int i = 0; i < 3; ++i)
    rest.Spawn(AskAndStore(cache, others));
  first.Stop();
  co_await first.Join();
  co_await rest.Join();
}

TEST_F(CacheTest, OthersGetTheirAnswerWhenTheFirstAskerIsStopped) {
  below_.SetDelay(absl::Milliseconds(5));
  std::vector<absl::Status> stopped, others;
  io::RunTask(executor_, StopTheFirstAsker(&executor_, &cache_, &stopped, &others));
  ASSERT_EQ(stopped.size(), 1u);
  EXPECT_TRUE(absl::IsCancelled(stopped[0])) << stopped[0];
  EXPECT_EQ(others, std::vector<absl::Status>(3));
  EXPECT_EQ(below_.questions(), 2);
}

}  // namespace
}  // namespace postern::dns
