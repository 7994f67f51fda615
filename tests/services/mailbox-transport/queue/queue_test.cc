#include "services/mailbox-transport/queue/queue.h"

#include "gmock/gmock.h"

#include "common/io/scope.h"
#include "tests/services/mailbox-transport/queue/schedule_driver.h"
#include "tests/support/fake_clock.h"

namespace postern::queue {
namespace {

using ::testing::ElementsAre;

// A pipeline of one line: each worker delivers what it gets inside the call that asked for it.
class QueueTest : public ScheduleDriver {
 protected:
  void Open() {
    queue_.emplace(executor_, clock_, random_, settings_, probe_);
    queue_->OnWanted([this](Lane lane) { RunWorker(lane); });
  }

  void RunWorker(const Lane& lane) {
    ++workers_;
    while (auto work = queue_->TryTake(lane)) {
      if (work->kind != Work::Kind::kAttempt) {
        lapsed_.push_back(work->ticket.id.value);
        queue_->Done(work->hop, work->ticket.key());
        continue;
      }
      tried_.push_back(work->ticket.id.value);
      if (dead_) {
        queue_->HopFailed(work->hop, "421 4.4.1 Connection timed out");
        queue_->Retry(work->hop, std::move(work->ticket));
      } else {
        queue_->HopWorked(work->hop);
        queue_->Done(work->hop, work->ticket.key());
      }
    }
    queue_->WorkerEnded(lane);
  }

  void Put(const std::string& domain, std::uint64_t id) {
    model::Ticket ticket = Ticket(id);
    ticket.expires = clock_.Now() + absl::Hours(48);
    queue_->Add(Hop(domain), std::move(ticket));
  }

  io::Executor executor_{"queue-test"};
  postern::testing::FakeClock clock_;
  std::optional<Queue> queue_;
  std::vector<std::uint64_t> tried_;
  std::vector<std::uint64_t> lapsed_;
  int workers_ = 0;
  bool dead_ = false;
};

TEST_F(QueueTest, AnAddedTicketIsWorkedOnAtOnce) {
  Open();
  Put("a.test", 1);
  Put("b.test", 2);
  EXPECT_THAT(tried_, ElementsAre(1, 2));
  EXPECT_EQ(queue_->message_count(), 0u);
}

TEST_F(QueueTest, ADeadHopIsLeftAloneUntilItsRetryTime) {
  Open();
  dead_ = true;
  Put("a.test", 1);
  Put("a.test", 2);
  EXPECT_THAT(tried_, ElementsAre(1));
  clock_.Advance(absl::Seconds(59));
  queue_->RunOnce();
  EXPECT_THAT(tried_, ElementsAre(1));
  clock_.Advance(absl::Seconds(1));
  dead_ = false;
  queue_->RunOnce();
  EXPECT_THAT(tried_, ::testing::SizeIs(3));
  EXPECT_EQ(queue_->message_count(), 0u);
}

TEST_F(QueueTest, AStoppedQueueHandsOutNothing) {
  Open();
  queue_->Stop();
  Put("a.test", 1);
  queue_->RunOnce();
  EXPECT_EQ(workers_, 0);
  EXPECT_FALSE(queue_->TryTake(LaneOf("a.test")).has_value());
  EXPECT_EQ(queue_->message_count(), 1u);
}

TEST_F(QueueTest, ExpiryComesWithoutACallFromOutside) {
  Open();
  dead_ = true;
  Put("a.test", 1);
  clock_.Advance(absl::Hours(48));
  queue_->RunOnce();
  EXPECT_THAT(lapsed_, ElementsAre(1));
  EXPECT_EQ(queue_->message_count(), 0u);
}

TEST_F(QueueTest, UnreachableTicketsComeBackForRouting) {
  Open();
  Put("unreachable", 1);
  const auto tickets = queue_->TakeBack(model::UnreachableHop(), queue_->Mark(), 10);
  ASSERT_EQ(tickets.size(), 1u);
  queue_->Add(Hop("a.test"), tickets[0]);
  EXPECT_THAT(tried_, ElementsAre(1));
}

TEST_F(QueueTest, AManualRetryIsWorkedOnAtOnce) {
  Open();
  dead_ = true;
  Put("a.test", 1);
  dead_ = false;
  EXPECT_TRUE(queue_->RetryNow(Hop("a.test")));
  EXPECT_EQ(queue_->message_count(), 0u);
}

TEST_F(QueueTest, ViewsAndMetricsTellWhatWaits) {
  Open();
  dead_ = true;
  Put("a.test", 1);
  queue_->RunOnce();
  ASSERT_EQ(queue_->Queues().size(), 1u);
  EXPECT_EQ(queue_->Queues()[0].status, QueueStatus::kRetry);
  EXPECT_EQ(queue_->Tickets(Hop("a.test"), 10).size(), 1u);
  EXPECT_THAT(registry_.Text(),
              ::testing::HasSubstr("postern_queue_messages{type=\"DnsConnectorDelivery\"} 1"));
  EXPECT_THAT(registry_.Text(), ::testing::HasSubstr("postern_queue_connections 0"));
}

TEST_F(QueueTest, AShardHasItsPartOfTheOverallLimit) {
  settings_.max_outbound_connections.value = 10;
  Queue shard(executor_, clock_, random_, settings_, probe_, ShardPlace{1, 4});
  std::size_t asked = 0;
  shard.OnWanted([&asked](Lane) { ++asked; });
  for (std::uint64_t i = 1; i <= 20; ++i)
    shard.Add(Hop("hop" + std::to_string(i)), Ticket(i));
  EXPECT_EQ(asked, 3u);
}

TEST_F(QueueTest, RunWakesByItselfWhenATicketIsDue) {
  executor_.Start();
  std::optional<io::Scope> scope;
  io::Event seen;
  std::atomic<int> asked = 0;
  std::optional<Queue> real;
  executor_.Run([&] {
    real.emplace(executor_, base::Clock::System(), random_, settings_, probe_);
    real->OnWanted([&](Lane) { ++asked; });
    scope.emplace(executor_);
    scope->Spawn(real->Run());
    model::Ticket ticket = Ticket(1);
    ticket.expires = absl::InfiniteFuture();
    ticket.due = absl::Now() + absl::Milliseconds(20);
    real->Add(Hop("a.test"), std::move(ticket));
  });
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  while (asked == 0 && absl::Now() < give_up)
    absl::SleepFor(absl::Milliseconds(2));
  EXPECT_EQ(asked, 1);
  executor_.Run([&] { scope->Stop(); });
  io::RunTask(executor_, scope->Join());
  executor_.Run([&] {
    scope.reset();
    real.reset();
  });
  executor_.Stop();
}

}  // namespace
}  // namespace postern::queue
