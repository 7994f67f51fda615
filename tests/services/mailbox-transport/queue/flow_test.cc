// How the connections of a next hop grow, and what becomes of a queue that is in Retry for long.

#include "gmock/gmock.h"

#include "tests/services/mailbox-transport/queue/schedule_driver.h"

namespace postern::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FlowTest : public ScheduleDriver {
 protected:
  FlowTest() { settings_.first_connections.value = 1; }

  // Everyone who is wanted comes and takes one message.
  std::vector<std::uint64_t> TakeAll() {
    std::vector<std::uint64_t> ids;
    while (Wanted() == "a.test")
      ids.push_back(Take("a.test"));
    return ids;
  }

  void DeliverAll(const std::vector<std::uint64_t>& ids) {
    for (const std::uint64_t id : ids) {
      Worked("a.test");
      Done("a.test", id);
      Ended("a.test");
    }
  }

  // Everyone of `ids` is put off for a quarter of an hour.
  void DeferAll(const std::vector<std::uint64_t>& ids) {
    for (const std::uint64_t id : ids) {
      Deferred("a.test");
      RetryIn("a.test", id, absl::Minutes(15));
      Ended("a.test");
    }
  }
};

TEST_F(FlowTest, ANewNextHopBeginsWithOneConnectionAndDoublesAsItWorks) {
  AddMany("a.test", 1, 1000);
  for (const std::size_t connections : {1, 2, 4, 8, 16, 20, 20}) {
    const auto ids = TakeAll();
    EXPECT_EQ(ids.size(), connections);
    DeliverAll(ids);
  }
}

TEST_F(FlowTest, AReturningNextHopIsProbedAndGrowsAgain) {
  AddMany("a.test", 1, 1000);
  for (int turn = 0; turn < 6; ++turn)
    DeliverAll(TakeAll());
  const auto ids = TakeAll();
  ASSERT_EQ(ids.size(), 20u);
  FailEach("a.test", ids);
  ASSERT_EQ(View("a.test").status, QueueStatus::kRetry);
  Pass(absl::Minutes(1));
  for (const std::size_t connections : {1, 2, 4, 8}) {
    const auto more = TakeAll();
    EXPECT_EQ(more.size(), connections);
    DeliverAll(more);
  }
}

TEST_F(FlowTest, AFirstAttemptThatDoesNotEndHoldsTheOthersForSecondsOnly) {
  AddMany("a.test", 1, 10);
  EXPECT_EQ(TakeAll().size(), 1u);
  EXPECT_EQ(schedule().NextWake(), now_ + kRampPatience);
  Pass(kRampPatience);
  EXPECT_EQ(TakeAll().size(), 1u);
  Pass(kRampPatience);
  EXPECT_EQ(TakeAll().size(), 1u);
}

TEST_F(FlowTest, ANextHopThatPutsEverythingOffGetsNoFurtherConnection) {
  AddMany("a.test", 1, 1000);
  for (int turn = 0; turn < 100; ++turn) {
    const auto ids = TakeAll();
    ASSERT_EQ(ids.size(), 1u);
    Pass(kRampPatience / 2);
    DeferAll(ids);
  }
  EXPECT_EQ(View("a.test").status, QueueStatus::kReady);
}

TEST_F(FlowTest, DeferralsInARowHalveTheConnectionsDownToOne) {
  AddMany("a.test", 1, 1000);
  for (int turn = 0; turn < 6; ++turn)
    DeliverAll(TakeAll());
  for (const std::size_t connections : {20, 10, 10, 5, 5, 5, 5, 2}) {
    const auto ids = TakeAll();
    EXPECT_EQ(ids.size(), connections);
    DeferAll(ids);
  }
  for (int turn = 0; turn < 60; ++turn)
    DeferAll(TakeAll());
  for (const std::size_t connections : {1, 2, 4}) {
    const auto ids = TakeAll();
    EXPECT_EQ(ids.size(), connections) << "what works lets it grow again";
    DeliverAll(ids);
  }
}

TEST_F(FlowTest, ADeliveryEndsTheRowOfDeferrals) {
  AddMany("a.test", 1, 1000);
  for (int turn = 0; turn < 6; ++turn)
    DeliverAll(TakeAll());
  for (int turn = 0; turn < 10; ++turn) {
    std::vector<std::uint64_t> ids = TakeAll();
    ASSERT_EQ(ids.size(), 20u);
    const std::uint64_t taken = ids.back();
    ids.pop_back();
    DeferAll(ids);
    DeliverAll({taken});
  }
}

TEST_F(FlowTest, MoreConnectionsTakeALongerRow) {
  settings_.max_per_domain_outbound_connections.value = 50;
  settings_.first_connections.value = 50;
  AddMany("a.test", 1, 1000);
  std::vector<std::uint64_t> ids = TakeAll();
  ASSERT_EQ(ids.size(), 50u);
  for (std::size_t i = 0; i < 49; ++i)
    Deferred("a.test");
  RetryIn("a.test", ids[0], absl::Minutes(15));
  EXPECT_NE(Take("a.test"), 0u);
  Deferred("a.test");
  RetryIn("a.test", ids[1], absl::Minutes(15));
  EXPECT_EQ(Take("a.test"), 0u) << "half of them end";
}

TEST_F(FlowTest, AProbeThatIsPutOffIsFollowedByAnotherAlone) {
  AddMany("a.test", 1, 10);
  ASSERT_TRUE(TryAndFail("a.test"));
  Pass(absl::Minutes(1));
  for (int turn = 0; turn < 5; ++turn) {
    const auto ids = TakeAll();
    ASSERT_EQ(ids.size(), 1u);
    DeferAll(ids);
  }
  EXPECT_EQ(View("a.test").retry_count, 1u) << "neither worked nor failed";
}

TEST_F(FlowTest, AProbeThatDoesNotEndHoldsTheOthersForSecondsOnly) {
  AddMany("a.test", 1, 50);
  ASSERT_TRUE(TryAndFail("a.test"));
  Pass(absl::Minutes(1));
  const auto probe = TakeAll();
  ASSERT_EQ(probe.size(), 1u);
  EXPECT_EQ(schedule().NextWake(), now_ + kRampPatience);
  Pass(kRampPatience - absl::Seconds(1));
  EXPECT_EQ(TakeAll().size(), 0u);
  Pass(absl::Seconds(1));
  const auto beside = TakeAll();
  EXPECT_EQ(beside.size(), 1u);
  EXPECT_EQ(View("a.test").status, QueueStatus::kConnecting);
  EXPECT_EQ(View("a.test").retry_count, 1u);
  DeliverAll(beside);
  EXPECT_EQ(View("a.test").retry_count, 0u);
  EXPECT_EQ(TakeAll().size(), 1u) << "the probe still lasts, and two are allowed";
}

TEST_F(FlowTest, AProbeThatFailsAfterAllIsTheNextStepOfTheLadder) {
  AddMany("a.test", 1, 50);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(TryAndFail("a.test"));
    Pass(absl::Minutes(1));
  }
  auto ids = TakeAll();
  Pass(kRampPatience);
  for (const std::uint64_t id : TakeAll())
    ids.push_back(id);
  ASSERT_EQ(ids.size(), 2u);
  Pass(absl::Seconds(20));
  FailEach("a.test", ids);
  EXPECT_EQ(View("a.test").retry_count, 5u);
  EXPECT_EQ(View("a.test").next_retry_time, now_ + absl::Minutes(5));
}

TEST_F(FlowTest, TheBeginningIsASetting) {
  settings_.first_connections.value = 5;
  AddMany("a.test", 1, 100);
  EXPECT_EQ(TakeAll().size(), 5u);
}

TEST_F(FlowTest, AQueueInRetryForTwelveHoursIsToBeRoutedAgainOnce) {
  Add("a.test", 1);
  for (absl::Time end = now_ + absl::Hours(12); now_ < end; now_ = schedule().NextWake()) {
    EXPECT_THAT(schedule().TakeOverdue(), IsEmpty());
    TryAndFail("a.test");
  }
  Wanted();
  EXPECT_THAT(schedule().TakeOverdue(), ElementsAre(Hop("a.test")));
  EXPECT_EQ(now_ - start_, absl::Hours(12));
  EXPECT_THAT(schedule().TakeOverdue(), IsEmpty());
}

TEST_F(FlowTest, ADeliveryStartsTheTwelveHoursAnew) {
  settings_.max_idle_time_before_resubmit.value = absl::Hours(1);
  AddMany("a.test", 1, 2);
  Pass(absl::Minutes(50));
  Wanted();
  ASSERT_EQ(Take("a.test"), 1u);
  Worked("a.test");
  Done("a.test", 1);
  ASSERT_EQ(Take("a.test"), 2u);
  Failed("a.test");
  RetryAtOnce("a.test", 2);
  Ended("a.test");
  Pass(absl::Minutes(30));
  Wanted();
  EXPECT_THAT(schedule().TakeOverdue(), IsEmpty());
}

TEST_F(FlowTest, ASuspendedQueueIsNotRoutedAgain) {
  settings_.max_idle_time_before_resubmit.value = absl::Minutes(1);
  Add("a.test", 1);
  TryAndFail("a.test");
  schedule().Suspend(Hop("a.test"), now_);
  Pass(absl::Hours(1));
  Wanted();
  EXPECT_THAT(schedule().TakeOverdue(), IsEmpty());
}

TEST_F(FlowTest, TheViewHasRatesAndTheFirstRetry) {
  AddMany("a.test", 1, 30);
  for (int turn = 0; turn < 3; ++turn)
    DeliverAll(TakeAll());
  EXPECT_EQ(View("a.test").incoming_rate, 30);
  EXPECT_EQ(View("a.test").outgoing_rate, 7);
  EXPECT_EQ(View("a.test").velocity, -23);
  Pass(absl::Minutes(1));
  EXPECT_EQ(View("a.test").velocity, 0);
  const absl::Time failed = now_;
  FailEach("a.test", TakeAll());
  Pass(absl::Minutes(1));
  ASSERT_TRUE(TryAndFail("a.test"));
  EXPECT_EQ(View("a.test").first_retry_time, failed);
  EXPECT_EQ(View("a.test").retry_count, 2u);
}

}  // namespace
}  // namespace postern::queue
