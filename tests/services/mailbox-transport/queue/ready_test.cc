#include "services/mailbox-transport/queue/ready.h"

#include "gmock/gmock.h"

#include "tests/services/mailbox-transport/queue/schedule_driver.h"

namespace postern::queue {
namespace {

using model::Priority;
using ::testing::ElementsAre;

class ReadyTest : public ScheduleDriver {
 protected:
  ReadyTest() { settings_.priority_queuing_enabled.value = true; }

  void AddOf(Priority priority, std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      model::Ticket ticket = Ticket(first + i);
      ticket.priority = priority;
      schedule().Add(Hop("a.test"), std::move(ticket), now_);
    }
  }

  // How many of the next messages are High (1000..), Normal (2000..) and Low (3000..).
  std::map<std::uint64_t, int> Next(int messages) {
    std::map<std::uint64_t, int> counts;
    for (int i = 0; i < messages; ++i) {
      const std::uint64_t id = Take("a.test");
      ++counts[id / 1000];
      Worked("a.test");
      Done("a.test", id);
    }
    return counts;
  }
};

TEST_F(ReadyTest, HighGoesBeforeNormalAndNormalBeforeLow) {
  AddOf(Priority::kLow, 3000, 1);
  AddOf(Priority::kNormal, 2000, 1);
  AddOf(Priority::kHigh, 1000, 1);
  Wanted();
  EXPECT_THAT(Work("a.test"), ElementsAre(1000, 2000, 3000));
}

TEST_F(ReadyTest, EachHasItsShareWhereAllWait) {
  AddOf(Priority::kHigh, 1000, 900);
  AddOf(Priority::kNormal, 2000, 900);
  AddOf(Priority::kLow, 3000, 900);
  Wanted();
  const auto counts = Next(210);
  EXPECT_EQ(counts.at(1), 160);
  EXPECT_EQ(counts.at(2), 40);
  EXPECT_EQ(counts.at(3), 10) << "and nothing starves";
}

TEST_F(ReadyTest, WhoWaitsAloneHasAll) {
  AddOf(Priority::kLow, 3000, 50);
  Wanted();
  EXPECT_EQ(Next(50).at(3), 50);
}

TEST_F(ReadyTest, APriorityHasNoMoreConnectionsThanItsLimit) {
  AddOf(Priority::kHigh, 1000, 50);
  AddOf(Priority::kNormal, 2000, 50);
  AddOf(Priority::kLow, 3000, 50);
  EXPECT_EQ(AllWanted().size(), 20u);
  std::map<std::uint64_t, int> counts;
  for (std::uint64_t id = Take("a.test"); id != 0; id = Take("a.test"))
    ++counts[id / 1000];
  EXPECT_EQ(counts[1], 3);
  EXPECT_EQ(counts[2], 15);
  EXPECT_EQ(counts[3], 2);
}

TEST_F(ReadyTest, NoMoreWorkersAreWantedThanAPriorityMayHave) {
  AddOf(Priority::kLow, 3000, 50);
  EXPECT_EQ(AllWanted().size(), 2u);
  ASSERT_EQ(Take("a.test"), 3000u);
  ASSERT_EQ(Take("a.test"), 3001u);
  EXPECT_EQ(Take("a.test"), 0u);
  Ended("a.test");
  Done("a.test", 3000);
  EXPECT_EQ(Wanted(), "a.test");
  EXPECT_EQ(Take("a.test"), 3002u);
}

TEST_F(ReadyTest, QueuesCountTheirMessagesByPriority) {
  AddOf(Priority::kHigh, 1000, 3);
  AddOf(Priority::kNormal, 2000, 2);
  AddOf(Priority::kLow, 3000, 1);
  Wanted();
  ASSERT_EQ(Take("a.test"), 1000u);
  EXPECT_THAT(View("a.test").count_by_priority, ElementsAre(2, 3, 1)) << "Normal, High, Low";
  Done("a.test", 1000);
  EXPECT_THAT(View("a.test").count_by_priority, ElementsAre(2, 2, 1));
  EXPECT_EQ(schedule().Tickets(Hop("a.test"), 1)[0].priority, Priority::kHigh);
}

TEST_F(ReadyTest, QueuesCountWhatIsDeferredByPriority) {
  AddOf(Priority::kHigh, 1000, 3);
  Add("a.test", 2000, absl::Minutes(5));
  EXPECT_THAT(View("a.test").deferred_by_priority, ElementsAre(1, 0, 0)) << "Normal, High, Low";
  ASSERT_TRUE(TryAndFail("a.test"));
  EXPECT_THAT(View("a.test").deferred_by_priority, ElementsAre(2, 2, 0)) << "back as Normal";
  EXPECT_EQ(View("a.test").deferred_count, 4u);
}

}  // namespace
}  // namespace postern::queue
