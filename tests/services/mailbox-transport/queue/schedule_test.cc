#include "services/mailbox-transport/queue/schedule.h"

#include "gmock/gmock.h"
#include <malloc.h>

#include "tests/services/mailbox-transport/queue/schedule_driver.h"

#ifdef __SANITIZE_ADDRESS__
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace postern::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ScheduleTest : public ScheduleDriver {};

TEST_F(ScheduleTest, AWorkerIsWantedForADueTicket) {
  Add("a.test", 1);
  EXPECT_EQ(Wanted(), "a.test");
  EXPECT_EQ(Wanted(), "");
  EXPECT_EQ(Take("a.test"), 1u);
  EXPECT_EQ(Take("a.test"), 0u);
}

TEST_F(ScheduleTest, TicketsOfAHopComeInTheirOrder) {
  AddMany("a.test", 1, 4);
  Wanted();
  EXPECT_THAT(Work("a.test"), ElementsAre(1, 2, 3, 4));
}

TEST_F(ScheduleTest, AFutureTicketWaitsUntilItIsDue) {
  Add("a.test", 1, absl::Minutes(15));
  EXPECT_EQ(Wanted(), "");
  EXPECT_EQ(schedule().NextWake(), now_ + absl::Minutes(15));
  Pass(absl::Minutes(15) - absl::Milliseconds(1));
  EXPECT_EQ(Wanted(), "");
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(Wanted(), "a.test");
  EXPECT_EQ(Take("a.test"), 1u);
}

TEST_F(ScheduleTest, FutureTicketsBecomeDueEarliestFirst) {
  Add("a.test", 1, absl::Minutes(3));
  Add("a.test", 2, absl::Minutes(1));
  Add("a.test", 3, absl::Minutes(2));
  Pass(absl::Minutes(5));
  Wanted();
  EXPECT_THAT(Work("a.test"), ElementsAre(2, 3, 1));
}

TEST_F(ScheduleTest, AHopHasNoMoreWorkersThanTickets) {
  AddMany("a.test", 1, 3);
  EXPECT_THAT(AllWanted(), ElementsAre("a.test", "a.test", "a.test"));
}

TEST_F(ScheduleTest, AHopHasNoMoreWorkersThanItsLimit) {
  settings_.max_per_domain_outbound_connections.value = 2;
  AddMany("a.test", 1, 10);
  EXPECT_THAT(AllWanted(), ElementsAre("a.test", "a.test"));
  EXPECT_EQ(Take("a.test"), 1u);
  EXPECT_EQ(Take("a.test"), 2u);
  EXPECT_EQ(Take("a.test"), 0u) << "two are under way";
}

TEST_F(ScheduleTest, AnIdleWorkerServesWhatComesNext) {
  Add("a.test", 1);
  EXPECT_EQ(Wanted(), "a.test");
  EXPECT_EQ(Take("a.test"), 1u);
  Done("a.test", 1);
  Add("a.test", 2);
  EXPECT_EQ(Wanted(), "") << "the worker that is there takes it";
  EXPECT_EQ(Take("a.test"), 2u);
}

TEST_F(ScheduleTest, ABusyWorkerGetsCompany) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  Add("a.test", 2);
  EXPECT_EQ(Wanted(), "a.test");
}

TEST_F(ScheduleTest, TheOverallLimitIsSharedRoundRobin) {
  settings_.max_outbound_connections.value = 4;
  AddMany("a.test", 1, 10);
  AddMany("b.test", 11, 10);
  EXPECT_THAT(AllWanted(), ElementsAre("a.test", "b.test", "a.test", "b.test"));
}

TEST_F(ScheduleTest, ANewcomerGetsHalfOfASaturatedLimit) {
  settings_.max_outbound_connections.value = 8;
  AddMany("a.test", 1, 100);
  EXPECT_EQ(AllWanted().size(), 8u);
  AddMany("b.test", 1001, 100);
  std::size_t a = 8;
  for (int turn = 0; turn < 50 && a > 0; ++turn) {
    const std::uint64_t id = Take("a.test");
    if (id != 0) {
      Done("a.test", id);
      continue;
    }
    Ended("a.test");
    --a;
    for (const std::string& next : AllWanted()) {
      if (next == "a.test") ++a;
    }
  }
  EXPECT_EQ(View("a.test").connections, 4u);
  EXPECT_EQ(View("b.test").connections, 4u);
}

TEST_F(ScheduleTest, WithMoreHopsThanSlotsEachHasItsTurn) {
  settings_.max_outbound_connections.value = 2;
  for (const char* hop : {"a.test", "b.test", "c.test", "d.test", "e.test"})
    AddMany(hop, 1, 1000);
  std::map<std::string, std::size_t> delivered;
  std::vector<std::string> running = AllWanted();
  ASSERT_EQ(running.size(), 2u);
  for (int turn = 0; turn < 20; ++turn) {
    const std::string hop = running.front();
    running.erase(running.begin());
    delivered[hop] += Work(hop).size();
    running.push_back(Wanted());
    ASSERT_NE(running.back(), "");
  }
  EXPECT_EQ(delivered.size(), 5u);
  for (const auto& [hop, count] : delivered)
    EXPECT_GE(count, 2 * kTurn) << hop;
}

TEST_F(ScheduleTest, RefusedSlotsDoNotGoToAndFro) {
  settings_.max_outbound_connections.value = 10;
  AddMany("a.test", 1, 100);
  AddMany("b.test", 1001, 100);
  Add("c.test", 2001);
  EXPECT_EQ(AllWanted().size(), 10u);
  const std::uint64_t c = Take("c.test");
  std::size_t changes = 0;
  for (std::string next = "a.test"; !next.empty() && changes < 100; next = Wanted(), ++changes) {
    const std::uint64_t id = Take(next);
    if (id != 0) break;
    Ended(next);
  }
  EXPECT_EQ(c, 2001u);
  EXPECT_LT(changes, 5u);
}

TEST_F(ScheduleTest, TenThousandHopsWithOneMessageEachAreCheap) {
  settings_.max_outbound_connections.value = 100;
  for (std::uint64_t i = 1; i <= 10'000; ++i)
    Add("hop" + std::to_string(i) + ".test", i);
  std::size_t delivered = 0;
  for (std::string hop = Wanted(); !hop.empty(); hop = Wanted())
    delivered += Work(hop).size();
  EXPECT_EQ(delivered, 10'000u);
  EXPECT_EQ(schedule().worker_count(), 0u);
  Pass(absl::Minutes(4));
  EXPECT_EQ(Wanted(), "");
  EXPECT_THAT(schedule().Queues(now_), IsEmpty());
}

TEST_F(ScheduleTest, AnEmptyQueueIsKeptForItsIdleTime) {
  Add("a.test", 1);
  Wanted();
  Work("a.test");
  Pass(absl::Minutes(3) - absl::Seconds(1));
  Wanted();
  EXPECT_EQ(schedule().Queues(now_).size(), 1u);
  Pass(absl::Seconds(1));
  Wanted();
  EXPECT_THAT(schedule().Queues(now_), IsEmpty());
}

TEST_F(ScheduleTest, ATicketUnderWayKeepsItsQueue) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  Pass(absl::Minutes(10));
  Wanted();
  EXPECT_EQ(View("a.test").message_count, 1u);
}

TEST_F(ScheduleTest, AMessageInRetryWaitsAloneAndOthersGoOn) {
  AddMany("a.test", 1, 2);
  Wanted();
  ASSERT_EQ(Take("a.test"), 1u);
  Worked("a.test");
  RetryIn("a.test", 1, absl::Minutes(15));
  EXPECT_EQ(Take("a.test"), 2u);
  Done("a.test", 2);
  Ended("a.test");
  EXPECT_EQ(View("a.test").deferred_count, 1u);
  Pass(absl::Minutes(15));
  EXPECT_EQ(Wanted(), "a.test");
  EXPECT_EQ(Take("a.test"), 1u);
}

TEST_F(ScheduleTest, AnExpiredTicketComesOutOnTheLapsedLane) {
  Add("a.test", 1, absl::Hours(100));
  Pass(absl::Hours(48));
  EXPECT_EQ(Wanted(), "lapsed");
  const auto work = schedule().TryTake(Lapsed(), now_);
  ASSERT_TRUE(work.has_value());
  EXPECT_EQ(work->kind, Work::Kind::kExpired);
  EXPECT_EQ(work->hop, Hop("a.test"));
  EXPECT_EQ(work->ticket.id.value, 1u);
  Done("a.test", 1);
  schedule().WorkerEnded(Lapsed(), now_);
  EXPECT_EQ(schedule().message_count(), 0u);
}

TEST_F(ScheduleTest, ADueTicketThatIsExpiredIsNotAttempted) {
  Add("a.test", 1);
  Pass(absl::Hours(49));
  EXPECT_EQ(Take("a.test"), 0u);
  EXPECT_EQ(schedule().TryTake(Lapsed(), now_)->kind, Work::Kind::kExpired);
}

TEST_F(ScheduleTest, ATicketExpiresWhileItsHopIsInRetry) {
  Add("a.test", 1);
  ASSERT_TRUE(TryAndFail("a.test"));
  model::Ticket brief = Ticket(2);
  brief.expires = now_ + absl::Seconds(30);
  schedule().Add(Hop("a.test"), brief, now_);
  EXPECT_EQ(schedule().NextWake(), now_ + absl::Seconds(30));
  Pass(absl::Seconds(30));
  EXPECT_EQ(Wanted(), "lapsed");
  EXPECT_EQ(schedule().TryTake(Lapsed(), now_)->ticket.id.value, 2u);
  EXPECT_EQ(View("a.test").status, QueueStatus::kRetry);
}

TEST_F(ScheduleTest, ATicketThatExpiresUnderWayLapsesWhenItComesBack) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  Pass(absl::Hours(50));
  EXPECT_EQ(Wanted(), "");
  RetryAtOnce("a.test", 1);
  EXPECT_EQ(Take("a.test"), 0u);
  EXPECT_EQ(Wanted(), "lapsed");
}

TEST_F(ScheduleTest, ADelayIsNotifiedOnceAndTheTicketWaitsOn) {
  model::Ticket ticket = Ticket(1);
  ticket.due = now_ + absl::Hours(6);
  ticket.notify_delay_at = now_ + absl::Hours(4);
  schedule().Add(Hop("a.test"), ticket, now_);
  Pass(absl::Hours(4));
  EXPECT_EQ(Wanted(), "lapsed");
  auto work = schedule().TryTake(Lapsed(), now_);
  ASSERT_TRUE(work.has_value());
  EXPECT_EQ(work->kind, Work::Kind::kDelayed);
  EXPECT_EQ(work->ticket.notify_delay_at, absl::InfiniteFuture());
  schedule().Retry(Hop("a.test"), work->ticket, now_);
  schedule().WorkerEnded(Lapsed(), now_);
  EXPECT_EQ(Wanted(), "");
  Pass(absl::Hours(2));
  EXPECT_EQ(Wanted(), "a.test");
  EXPECT_EQ(Take("a.test"), 1u);
}

TEST_F(ScheduleTest, ManyLapsedTicketsShareFewWorkers) {
  AddMany("a.test", 1, 500);
  Pass(absl::Hours(48));
  EXPECT_EQ(AllWanted().size(), kLapsedWorkers);
  std::size_t taken = 0;
  while (auto work = schedule().TryTake(Lapsed(), now_)) {
    Done("a.test", work->ticket.id.value);
    ++taken;
  }
  EXPECT_EQ(taken, 500u);
}

TEST_F(ScheduleTest, UnreachableTicketsAreHeldAndExpire) {
  Add("unreachable", 1);
  EXPECT_EQ(Wanted(), "");
  EXPECT_EQ(Take("unreachable"), 0u);
  Pass(absl::Hours(48));
  EXPECT_EQ(Wanted(), "lapsed");
}

TEST_F(ScheduleTest, UnreachableTicketsAreGivenBackInSlices) {
  AddMany("unreachable", 1, 5);
  const std::uint64_t mark = schedule().mark();
  const auto first = schedule().TakeBack(Hop("unreachable"), mark, 3, now_);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].id.value, 1u);
  Add("unreachable", 1);  // routed again, and unreachable again
  Add("b.test", 2);
  EXPECT_EQ(schedule().TakeBack(Hop("unreachable"), mark, 3, now_).size(), 2u);
  EXPECT_THAT(schedule().TakeBack(Hop("unreachable"), mark, 3, now_), IsEmpty());
  EXPECT_EQ(Wanted(), "b.test");
  EXPECT_EQ(schedule().message_count(), 2u);
}

TEST_F(ScheduleTest, AQueueGivesBackDueAndFutureTicketsButNotThoseUnderWay) {
  AddMany("a.test", 1, 3);
  Add("a.test", 4, absl::Minutes(5));
  Add("a.test", 5, absl::Minutes(6));
  Wanted();
  ASSERT_EQ(Take("a.test"), 1u);
  EXPECT_EQ(schedule().TakeBack(Hop("a.test"), schedule().mark(), 100, now_).size(), 4u);
  EXPECT_THAT(registry_.Text(),
              ::testing::HasSubstr("postern_queue_left_total{type=\"DnsConnectorDelivery\"} 4"));
  EXPECT_EQ(View("a.test").message_count, 1u);
}

TEST_F(ScheduleTest, TwoTicketsOfOneMessageMayWaitInOneHop) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  RetryAtOnce("a.test", 1);
  RetryIn("a.test", 1, absl::Minutes(15));
  EXPECT_EQ(View("a.test").message_count, 2u);
  EXPECT_EQ(Take("a.test"), 1u);
  Done("a.test", 1);
  EXPECT_EQ(View("a.test").message_count, 1u);
}

// What is allocated now; under ASan malloc's own count stands still.
std::size_t HeapBytes() {
#ifdef __SANITIZE_ADDRESS__
  return __sanitizer_get_current_allocated_bytes();
#else
  return mallinfo2().uordblks;
#endif
}

TEST_F(ScheduleTest, AQueuedMessageCostsLessThan512Bytes) {
  constexpr std::uint64_t kTickets = 100'000;
  Add("a.test", 1);
  const std::size_t before = HeapBytes();
  for (std::uint64_t i = 2; i < kTickets + 2; ++i) {
    model::Ticket ticket = Ticket(i);
    ticket.due = now_ + absl::Seconds(static_cast<std::int64_t>(i % 900));
    ticket.notify_delay_at = now_ + absl::Hours(4);
    schedule().Add(Hop("a.test"), std::move(ticket), now_);
  }
  const std::size_t each = (HeapBytes() - before) / kTickets;
  RecordProperty("bytes_per_ticket", static_cast<int>(each));
  EXPECT_GT(each, sizeof(model::Ticket));
  EXPECT_LE(each, 400u);
}

}  // namespace
}  // namespace postern::queue
