// The ladder is a method file of the schedule: services/mailbox-transport/queue/ladder.cc.

#include "gmock/gmock.h"

#include "services/mailbox-transport/queue/schedule.h"
#include "tests/services/mailbox-transport/queue/schedule_driver.h"

namespace postern::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

class LadderTest : public ScheduleDriver {
 protected:
  // The minutes, from the first failure on, at which a dead hop is tried.
  std::vector<std::int64_t> MinutesOfTries(int tries) {
    std::vector<std::int64_t> minutes;
    EXPECT_TRUE(TryAndFail("a.test"));
    for (int i = 0; i < tries; ++i) {
      EXPECT_EQ(Wanted(), "");
      Pass(schedule().NextWake() - now_);
      EXPECT_TRUE(TryAndFail("a.test"));
      minutes.push_back(absl::ToInt64Minutes(now_ - start_));
    }
    return minutes;
  }
};

TEST_F(LadderTest, ADeadHopIsTriedAtExchangesTimes) {
  Add("a.test", 1);
  EXPECT_THAT(MinutesOfTries(13), ElementsAre(1, 2, 3, 4, 9, 14, 19, 24, 29, 34, 44, 54, 64));
}

TEST_F(LadderTest, WithoutATransientStageTheThirdFollowsTheFirst) {
  settings_.transient_failure_retry_count.value = 0;
  Add("a.test", 1);
  EXPECT_THAT(MinutesOfTries(6), ElementsAre(1, 2, 3, 4, 14, 24));
}

TEST_F(LadderTest, WithoutAGlitchStageTheSecondIsTheFirst) {
  settings_.queue_glitch_retry_count.value = 0;
  Add("a.test", 1);
  EXPECT_THAT(MinutesOfTries(7), ElementsAre(5, 10, 15, 20, 25, 30, 40));
}

TEST_F(LadderTest, WithoutStagesOnlyTheLastIntervalCounts) {
  settings_.queue_glitch_retry_count.value = 0;
  settings_.transient_failure_retry_count.value = 0;
  settings_.outbound_connection_failure_retry_interval.value = absl::Minutes(30);
  Add("a.test", 1);
  EXPECT_THAT(MinutesOfTries(3), ElementsAre(30, 60, 90));
}

TEST_F(LadderTest, NothingOfAHopInRetryIsTaken) {
  AddMany("a.test", 1, 3);
  ASSERT_TRUE(TryAndFail("a.test"));
  EXPECT_EQ(Wanted(), "");
  EXPECT_EQ(Take("a.test"), 0u);
  Add("a.test", 9);
  EXPECT_EQ(Wanted(), "");
}

TEST_F(LadderTest, OneProbeGoesFirstAndItsSuccessReleasesAll) {
  AddMany("a.test", 1, 5);
  ASSERT_TRUE(TryAndFail("a.test"));
  Pass(absl::Minutes(1));
  EXPECT_THAT(AllWanted(), ElementsAre("a.test"));
  const std::uint64_t probe = Take("a.test");
  EXPECT_NE(probe, 0u);
  EXPECT_EQ(Take("a.test"), 0u) << "a second one waits for the probe";
  EXPECT_THAT(AllWanted(), ElementsAre());
  Worked("a.test");
  EXPECT_EQ(AllWanted().size(), 4u);
  EXPECT_EQ(View("a.test").retry_count, 0u);
  EXPECT_EQ(View("a.test").last_error, "");
}

TEST_F(LadderTest, AProbeThatSaysNothingOfTheHopIsFollowedByAnother) {
  AddMany("a.test", 1, 3);
  ASSERT_TRUE(TryAndFail("a.test"));
  Pass(absl::Minutes(1));
  ASSERT_EQ(Wanted(), "a.test");
  const std::uint64_t probe = Take("a.test");
  Done("a.test", probe);  // returned for a reason of its own
  EXPECT_NE(Take("a.test"), 0u);
  EXPECT_EQ(Take("a.test"), 0u);
}

TEST_F(LadderTest, SuccessStartsTheLadderAgain) {
  AddMany("a.test", 1, 30);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(TryAndFail("a.test"));
    Pass(schedule().NextWake() - now_);
  }
  ASSERT_EQ(Wanted(), "a.test");
  Work("a.test");
  Add("a.test", 99);
  ASSERT_TRUE(TryAndFail("a.test"));
  EXPECT_EQ(View("a.test").next_retry_time, now_ + absl::Minutes(1));
}

TEST_F(LadderTest, TwentyFailuresAtOnceClimbOneStep) {
  AddMany("a.test", 1, 20);
  ASSERT_EQ(AllWanted().size(), 20u);
  std::vector<std::uint64_t> taken;
  for (std::uint64_t i = 0; i < 20; ++i)
    taken.push_back(Take("a.test"));
  FailEach("a.test", taken);
  EXPECT_EQ(View("a.test").retry_count, 1u);
  EXPECT_EQ(View("a.test").next_retry_time, now_ + absl::Minutes(1));
}

TEST_F(LadderTest, AFailureAmongSuccessesCostsOneWorkerOnly) {
  settings_.max_per_domain_outbound_connections.value = 4;
  AddMany("a.test", 1, 50);
  ASSERT_EQ(AllWanted().size(), 4u);
  for (int i = 0; i < 4; ++i)
    Take("a.test");
  Worked("a.test");
  Done("a.test", 1);
  Failed("a.test");
  RetryAtOnce("a.test", 2);
  EXPECT_EQ(View("a.test").status, QueueStatus::kActive);
  EXPECT_EQ(Take("a.test"), 0u) << "one of the four ends";
  Ended("a.test");
  EXPECT_EQ(Wanted(), "");
  Worked("a.test");
  EXPECT_EQ(Wanted(), "a.test") << "success gives it back";
}

TEST_F(LadderTest, AHopThatDiesWhileItIsBusyEndsInRetry) {
  settings_.max_per_domain_outbound_connections.value = 4;
  AddMany("a.test", 1, 50);
  AllWanted();
  Worked("a.test");
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t id = Take("a.test");
    Failed("a.test");
    if (id != 0) RetryAtOnce("a.test", id);
    Ended("a.test");
  }
  EXPECT_EQ(View("a.test").status, QueueStatus::kRetry);
  EXPECT_EQ(View("a.test").connections, 0u);
}

TEST_F(LadderTest, AHeldHopWaitsWithItsReasonAndDoesNotClimb) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  Held("a.test");
  RetryAtOnce("a.test", 1);
  Ended("a.test");
  EXPECT_EQ(Wanted(), "");
  const QueueView view = View("a.test");
  EXPECT_EQ(view.status, QueueStatus::kRetry);
  EXPECT_EQ(view.last_error, "no front end");
  EXPECT_EQ(view.retry_count, 0u);
}

TEST_F(LadderTest, HeldHopsAreWokenSpreadOverFiveSeconds) {
  for (int i = 0; i < 100; ++i) {
    const std::string hop = "h" + std::to_string(i) + ".test";
    Add(hop, 1);
    Wanted();
    Take(hop);
    Held(hop);
    RetryAtOnce(hop, 1);
    Ended(hop);
  }
  Pass(absl::Seconds(10));
  schedule().WakeHeld(now_);
  std::vector<std::size_t> each_second;
  std::size_t woken = 0;
  for (int second = 0; second < 5; ++second) {
    Pass(absl::Seconds(1));
    each_second.push_back(AllWanted().size());
    woken += each_second.back();
  }
  EXPECT_EQ(woken, 100u);
  for (const std::size_t count : each_second)
    EXPECT_GT(count, 5u);
}

TEST_F(LadderTest, AHeldHopThatNobodyWakesLooksForItself) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  Held("a.test");
  RetryAtOnce("a.test", 1);
  Ended("a.test");
  Pass(kHeldMax + kWakeSpread);
  EXPECT_EQ(Wanted(), "a.test");
}

TEST_F(LadderTest, AHeldHopKeepsItsRungOfTheLadder) {
  Add("a.test", 1);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(TryAndFail("a.test"));
    Pass(schedule().NextWake() - now_);
  }
  Wanted();
  Take("a.test");
  Held("a.test");
  RetryAtOnce("a.test", 1);
  Ended("a.test");
  Pass(absl::Minutes(2));
  ASSERT_TRUE(TryAndFail("a.test"));
  EXPECT_EQ(View("a.test").next_retry_time, now_ + absl::Minutes(5));
}

TEST_F(LadderTest, AManualRetryComesAtOnceAndItsFailureSetsTheNextTime) {
  Add("a.test", 1);
  ASSERT_TRUE(TryAndFail("a.test"));
  Pass(absl::Seconds(20));
  EXPECT_TRUE(schedule().RetryNow(Hop("a.test"), now_));
  ASSERT_TRUE(TryAndFail("a.test"));
  EXPECT_EQ(View("a.test").next_retry_time, now_ + absl::Minutes(1));
  EXPECT_FALSE(schedule().RetryNow(Hop("b.test"), now_));
}

TEST_F(LadderTest, JitterStaysWithinItsPercentAndIsUsed) {
  settings_.retry_jitter_percent.value = 10;
  std::set<absl::Duration> waits;
  for (int i = 0; i < 50; ++i) {
    const std::string hop = "h" + std::to_string(i) + ".test";
    Add(hop, 1);
    ASSERT_TRUE(TryAndFail(hop));
    const absl::Duration wait = View(hop).next_retry_time - now_;
    EXPECT_GE(wait, absl::Seconds(54));
    EXPECT_LE(wait, absl::Seconds(66));
    waits.insert(wait);
  }
  EXPECT_GT(waits.size(), 20u);
}

TEST_F(LadderTest, StepsAreCountedByStage) {
  Add("a.test", 1);
  MinutesOfTries(11);
  const std::string text = registry_.Text();
  EXPECT_THAT(text, ::testing::HasSubstr("postern_queue_ladder_steps_total{stage=\"glitch\"} 4"));
  EXPECT_THAT(text,
              ::testing::HasSubstr("postern_queue_ladder_steps_total{stage=\"transient\"} 6"));
  EXPECT_THAT(text, ::testing::HasSubstr("postern_queue_ladder_steps_total{stage=\"outbound\"} 2"));
}

}  // namespace
}  // namespace postern::queue
