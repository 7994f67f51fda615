#include "gmock/gmock.h"

#include "tests/services/mailbox-transport/queue/schedule_driver.h"

namespace postern::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SuspensionTest : public ScheduleDriver {
 protected:
  void Suspend(const std::string& domain) { schedule().Suspend(Hop(domain), now_); }

  bool Resume(const std::string& domain) { return schedule().Resume(Hop(domain), now_); }

  Changing Change(const std::string& domain, std::uint64_t id, Wish wish) {
    return schedule().Change(Hop(domain), {id}, wish, now_);
  }

  // The whole of a wish about a message that waits.
  void SuspendMessage(const std::string& domain, std::uint64_t id) {
    PutBackAll(domain, Change(domain, id, Wish::kSuspend), true);
  }

  void ResumeMessage(const std::string& domain, std::uint64_t id) {
    PutBackAll(domain, Change(domain, id, Wish::kResume), false);
  }

  void PutBackAll(const std::string& domain, Changing changing, bool suspended) {
    for (queue::Work& work : changing.works) {
      work.ticket.suspended = suspended;
      schedule().PutBack(Hop(domain), std::move(work.ticket), now_);
    }
  }

  std::vector<std::string> Statuses(const std::string& domain) {
    std::vector<std::string> all;
    for (const TicketView& view : schedule().Tickets(Hop(domain), 100))
      all.push_back(std::to_string(view.id.value) + " " + std::string(NameOf(view.status)));
    return all;
  }

  std::optional<queue::Work> TakeLapsed() {
    EXPECT_EQ(Wanted(), "lapsed");
    return schedule().TryTake(Lapsed(), now_);
  }
};

TEST_F(SuspensionTest, ASuspendedQueueHandsOutNothingAndTakesWhatComes) {
  Add("a.test", 1);
  Suspend("a.test");
  Add("a.test", 2);
  EXPECT_EQ(Wanted(), "");
  EXPECT_EQ(Take("a.test"), 0u);
  EXPECT_EQ(View("a.test").status, QueueStatus::kSuspended);
  EXPECT_EQ(View("a.test").message_count, 2u);
  EXPECT_TRUE(Resume("a.test"));
  EXPECT_EQ(Wanted(), "a.test");
  EXPECT_THAT(Work("a.test"), ElementsAre(1, 2));
}

TEST_F(SuspensionTest, WhatIsUnderWayEndsAndNothingFollows) {
  AddMany("a.test", 1, 3);
  Wanted();
  ASSERT_EQ(Take("a.test"), 1u);
  Suspend("a.test");
  Worked("a.test");
  Done("a.test", 1);
  EXPECT_EQ(Take("a.test"), 0u);
  Ended("a.test");
  EXPECT_EQ(View("a.test").message_count, 2u);
}

TEST_F(SuspensionTest, ResumeIsFalseForAQueueThatIsNotSuspended) {
  Add("a.test", 1);
  EXPECT_FALSE(Resume("a.test"));
  EXPECT_FALSE(Resume("never.test"));
}

TEST_F(SuspensionTest, ASuspendedQueueStaysWhenItIsEmpty) {
  Suspend("a.test");
  Pass(absl::Hours(1));
  Wanted();
  EXPECT_EQ(View("a.test").status, QueueStatus::kSuspended);
  Resume("a.test");
  Pass(absl::Minutes(3));
  Wanted();
  EXPECT_THAT(schedule().Queues(now_), IsEmpty());
}

TEST_F(SuspensionTest, AFailingHopThatIsSuspendedIsNotTriedWhenItsTimeComes) {
  Add("a.test", 1);
  ASSERT_TRUE(TryAndFail("a.test"));
  Suspend("a.test");
  Pass(absl::Minutes(2));
  EXPECT_EQ(Wanted(), "");
  Resume("a.test");
  EXPECT_EQ(Wanted(), "a.test");
}

TEST_F(SuspensionTest, TicketsOfASuspendedQueueExpire) {
  Add("a.test", 1);
  Suspend("a.test");
  Pass(absl::Hours(48));
  EXPECT_EQ(TakeLapsed()->kind, queue::Work::Kind::kExpired);
}

TEST_F(SuspensionTest, NothingIsTakenBackFromASuspendedQueue) {
  AddMany("unreachable", 1, 2);
  Suspend("unreachable");
  EXPECT_THAT(schedule().TakeBack(Hop("unreachable"), schedule().mark(), 10, now_), IsEmpty());
  Resume("unreachable");
  EXPECT_EQ(schedule().TakeBack(Hop("unreachable"), schedule().mark(), 10, now_).size(), 2u);
}

TEST_F(SuspensionTest, ASuspendedMessageWaitsAloneAndOthersGo) {
  AddMany("a.test", 1, 3);
  SuspendMessage("a.test", 2);
  EXPECT_THAT(Statuses("a.test"), ElementsAre("1 Ready", "2 Suspended", "3 Ready"));
  EXPECT_EQ(View("a.test").suspended_count, 1u);
  Wanted();
  EXPECT_THAT(Work("a.test"), ElementsAre(1, 3));
  ResumeMessage("a.test", 2);
  EXPECT_EQ(Wanted(), "a.test");
  EXPECT_THAT(Work("a.test"), ElementsAre(2));
}

TEST_F(SuspensionTest, AMessageInRetryIsSuspendedAndWaitsOnWhenItIsResumed) {
  Add("a.test", 1, absl::Minutes(15));
  SuspendMessage("a.test", 1);
  EXPECT_EQ(schedule().Tickets(Hop("a.test"), 1)[0].due, absl::InfiniteFuture());
  Pass(absl::Minutes(5));
  ResumeMessage("a.test", 1);
  EXPECT_EQ(Wanted(), "");
  Pass(absl::Minutes(10));
  EXPECT_EQ(Wanted(), "a.test");
}

TEST_F(SuspensionTest, ResumingTheQueueLeavesItsSuspendedMessages) {
  AddMany("a.test", 1, 2);
  SuspendMessage("a.test", 1);
  Suspend("a.test");
  Resume("a.test");
  Wanted();
  EXPECT_THAT(Work("a.test"), ElementsAre(2));
}

TEST_F(SuspensionTest, SuspendedMessagesAreNotTakenBack) {
  AddMany("a.test", 1, 2);
  SuspendMessage("a.test", 1);
  const auto tickets = schedule().TakeBack(Hop("a.test"), schedule().mark(), 10, now_);
  ASSERT_EQ(tickets.size(), 1u);
  EXPECT_EQ(tickets[0].id.value, 2u);
}

TEST_F(SuspensionTest, WhatLeavesTheServerLeavesWithWhatIsSuspended) {
  AddMany("a.test", 1, 4);
  SuspendMessage("a.test", 2);
  Suspend("a.test");
  const std::uint64_t mark = schedule().mark();
  Add("a.test", 5);
  EXPECT_EQ(schedule().TakeAway(Hop("a.test"), mark, 1, now_).front().id.value, 2u);
  EXPECT_EQ(schedule().TakeAway(Hop("a.test"), mark, 10, now_).size(), 3u);
  EXPECT_THAT(schedule().TakeAway(Hop("a.test"), mark, 10, now_), IsEmpty());
  schedule().Add(model::PoisonHop(), Ticket(9), now_);
  EXPECT_EQ(schedule().TakeAway(model::PoisonHop(), schedule().mark(), 10, now_).size(), 1u);
}

TEST_F(SuspensionTest, ASuspendedMessageExpiresAndItsDelayIsTold) {
  model::Ticket ticket = Ticket(1);
  ticket.suspended = true;
  ticket.notify_delay_at = now_ + absl::Hours(4);
  schedule().Add(Hop("a.test"), ticket, now_);
  Pass(absl::Hours(4));
  auto work = TakeLapsed();
  ASSERT_EQ(work->kind, queue::Work::Kind::kDelayed);
  schedule().Retry(Hop("a.test"), work->ticket, now_);
  schedule().WorkerEnded(Lapsed(), now_);
  EXPECT_THAT(Statuses("a.test"), ElementsAre("1 Suspended"));
  Pass(absl::Hours(44));
  EXPECT_EQ(TakeLapsed()->kind, queue::Work::Kind::kExpired);
}

TEST_F(SuspensionTest, WhatIsUnderWayIsPendingAndSuspendedIfItComesBack) {
  AddMany("a.test", 1, 2);
  Wanted();
  Take("a.test");
  EXPECT_EQ(Change("a.test", 1, Wish::kSuspend).pending, 1u);
  EXPECT_THAT(Statuses("a.test"), ElementsAre("1 PendingSuspend", "2 Ready"));
  RetryAtOnce("a.test", 1);
  EXPECT_THAT(Statuses("a.test"), ElementsAre("1 Suspended", "2 Ready"));
  EXPECT_EQ(Take("a.test"), 2u);
  EXPECT_EQ(Take("a.test"), 0u);
}

TEST_F(SuspensionTest, TwoTicketsOfAMessageKeepTheirWishesApart) {
  Add("a.test", 1);
  model::Ticket later = Ticket(1);
  later.recipients = {1};
  later.due = now_ + absl::Minutes(15);
  schedule().Add(Hop("a.test"), std::move(later), now_);
  Wanted();
  ASSERT_EQ(Take("a.test"), 1u);
  Changing changing = Change("a.test", 1, Wish::kSuspend);
  EXPECT_EQ(changing.pending, 1u);
  PutBackAll("a.test", std::move(changing), true);
  EXPECT_THAT(Statuses("a.test"), ElementsAre("1 PendingSuspend"));
  RetryAtOnce("a.test", 1);
  EXPECT_THAT(Statuses("a.test"), ElementsAre("1 Suspended"));
  EXPECT_EQ(Take("a.test"), 0u);
}

TEST_F(SuspensionTest, APendingSuspensionIsNothingForWhatIsDelivered) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  Change("a.test", 1, Wish::kSuspend);
  Worked("a.test");
  Done("a.test", 1);
  EXPECT_EQ(View("a.test").message_count, 0u);
}

TEST_F(SuspensionTest, APendingSuspensionIsTakenBack) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  Change("a.test", 1, Wish::kSuspend);
  EXPECT_EQ(Change("a.test", 1, Wish::kResume).taken_back, 1u);
  RetryAtOnce("a.test", 1);
  EXPECT_EQ(Take("a.test"), 1u);
}

TEST_F(SuspensionTest, BothTicketsOfAMessageThatComesBackAreSuspended) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  Change("a.test", 1, Wish::kSuspend);
  model::Ticket later = Ticket(1);
  later.due = now_ + absl::Minutes(15);
  std::vector<model::Ticket> tickets = {Ticket(1), later};
  schedule().Retry(Hop("a.test"), {1}, std::move(tickets), now_);
  EXPECT_EQ(View("a.test").suspended_count, 2u);
  EXPECT_THAT(Statuses("a.test"), ElementsAre("1 Suspended"));
}

TEST_F(SuspensionTest, ARemovedMessageIsTakenOutWhereverItWaits) {
  AddMany("a.test", 1, 2);
  Add("a.test", 3, absl::Minutes(5));
  SuspendMessage("a.test", 2);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    const Changing changing = Change("a.test", id, Wish::kRemoveWithNdr);
    ASSERT_EQ(changing.works.size(), 1u);
    EXPECT_EQ(changing.works[0].ticket.id.value, id);
    EXPECT_TRUE(changing.works[0].with_ndr);
    Done("a.test", id);
  }
  EXPECT_EQ(schedule().message_count(), 0u);
  EXPECT_TRUE(Change("a.test", 1, Wish::kRemove).works.empty());
}

TEST_F(SuspensionTest, WhatIsUnderWayIsRemovedWhenItComesBack) {
  Add("a.test", 1);
  Wanted();
  Take("a.test");
  EXPECT_EQ(Change("a.test", 1, Wish::kRemoveWithNdr).pending, 1u);
  EXPECT_THAT(Statuses("a.test"), ElementsAre("1 PendingRemove"));
  EXPECT_EQ(Change("a.test", 1, Wish::kSuspend).pending, 0u) << "it goes already";
  RetryIn("a.test", 1, absl::Minutes(15));
  EXPECT_THAT(Statuses("a.test"), ElementsAre("1 PendingRemove"));
  const auto work = TakeLapsed();
  EXPECT_EQ(work->kind, queue::Work::Kind::kRemoved);
  EXPECT_TRUE(work->with_ndr);
  Done("a.test", 1);
  EXPECT_EQ(schedule().message_count(), 0u);
}

TEST_F(SuspensionTest, WhatIsChangedIsNobodyElses) {
  Add("a.test", 1);
  const Changing changing = Change("a.test", 1, Wish::kSuspend);
  ASSERT_EQ(changing.works.size(), 1u);
  EXPECT_EQ(Wanted(), "");
  Pass(absl::Hours(48));
  EXPECT_EQ(Wanted(), "");
  PutBackAll("a.test", changing, true);
  EXPECT_EQ(Wanted(), "lapsed");
}

TEST_F(SuspensionTest, PoisonWaitsForEverAndGoesOnlyByAnAdministrator) {
  schedule().Add(model::PoisonHop(), Ticket(1), now_);
  Pass(absl::Hours(24 * 365));
  EXPECT_EQ(Wanted(), "");
  EXPECT_THAT(schedule().TakeBack(model::PoisonHop(), schedule().mark(), 10, now_), IsEmpty());
  EXPECT_EQ(schedule().Tickets(model::PoisonHop(), 10)[0].status, MessageStatus::kSuspended);
  EXPECT_EQ(schedule().Change(model::PoisonHop(), {1}, Wish::kResume, now_).works.size(), 1u);
  schedule().Done(model::PoisonHop(), {1}, now_);
}

TEST_F(SuspensionTest, TicketsAreInTheOrderOfIds) {
  for (const std::uint64_t id : {5, 1, 4, 2, 3})
    Add("a.test", id, absl::Minutes(static_cast<std::int64_t>(id % 2)));
  Wanted();
  ASSERT_EQ(Take("a.test"), 4u);
  const auto first = schedule().Tickets(Hop("a.test"), 3);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[2].id.value, 3u);
  const auto all = schedule().Tickets(Hop("a.test"), 10);
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(all[3].id.value, 4u);
  EXPECT_EQ(all[3].status, MessageStatus::kActive);
  EXPECT_EQ(all[4].id.value, 5u);
}

}  // namespace
}  // namespace postern::queue
