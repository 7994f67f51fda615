// Which tickets wait with their message in memory.

#include "gmock/gmock.h"

#include "tests/services/mailbox-transport/queue/schedule_driver.h"

namespace postern::queue {
namespace {

class KeptTest : public ScheduleDriver {
 protected:
  // Adds a ticket with its message, which nobody else holds; whether it still is in memory.
  std::weak_ptr<model::Message> AddWhole(const std::string& domain,
                                         std::uint64_t id,
                                         absl::Duration due_in = absl::ZeroDuration()) {
    auto message = std::make_shared<model::Message>();
    std::weak_ptr<model::Message> seen = message;
    model::Ticket ticket = Ticket(id);
    ticket.message = std::move(message);
    ticket.due = now_ + due_in;
    schedule().Add(Hop(domain), std::move(ticket), now_);
    return seen;
  }

  void PutInRetry(const std::string& domain) {
    Add(domain, 1);
    ASSERT_TRUE(TryAndFail(domain));
    ASSERT_EQ(View(domain).status, QueueStatus::kRetry);
  }
};

TEST_F(KeptTest, AMessageThatIsNextIsAtHand) {
  const auto seen = AddWhole("a.test", 1);
  Wanted();
  const auto work = schedule().TryTake(LaneOf("a.test"), now_);
  ASSERT_TRUE(work);
  EXPECT_EQ(work->ticket.message, seen.lock());
  EXPECT_NE(work->ticket.message, nullptr);
}

TEST_F(KeptTest, AMessageForAHostThatIsDownIsLeftToTheStore) {
  PutInRetry("a.test");
  EXPECT_TRUE(AddWhole("a.test", 2).expired());
}

TEST_F(KeptTest, WhatWasAtHandIsLetGoWhenItsHostFails) {
  Add("a.test", 1);
  const auto behind = AddWhole("a.test", 2);
  ASSERT_FALSE(behind.expired());
  ASSERT_TRUE(TryAndFail("a.test"));
  EXPECT_TRUE(behind.expired());
}

TEST_F(KeptTest, ASuspendedQueueLeavesItsMessagesToTheStore) {
  const auto before = AddWhole("a.test", 1);
  schedule().Suspend(Hop("a.test"), now_);
  EXPECT_TRUE(before.expired());
  EXPECT_TRUE(AddWhole("a.test", 2).expired());
  schedule().Resume(Hop("a.test"), now_);
  EXPECT_FALSE(AddWhole("a.test", 3).expired());
}

TEST_F(KeptTest, AMessageForLaterIsLeftToTheStore) {
  EXPECT_TRUE(AddWhole("a.test", 1, absl::Minutes(5)).expired());
}

TEST_F(KeptTest, OnlyTheFirstOfALongQueueAreAtHand) {
  AddMany("a.test", 1, kKeptAhead - 1);
  const auto last = AddWhole("a.test", kKeptAhead);
  EXPECT_FALSE(last.expired());
  EXPECT_TRUE(AddWhole("a.test", kKeptAhead + 1).expired());
  schedule().Suspend(Hop("a.test"), now_);
  EXPECT_TRUE(last.expired()) << "the last of those that were kept";
}

}  // namespace
}  // namespace postern::queue
