#include "services/mailbox-transport/queue/view.h"

#include "gmock/gmock.h"

#include "tests/services/mailbox-transport/queue/schedule_driver.h"

namespace postern::queue {
namespace {

class QueueViewTest : public ScheduleDriver {};

TEST_F(QueueViewTest, StatusesHaveExchangesNames) {
  EXPECT_EQ(NameOf(QueueStatus::kReady), "Ready");
  EXPECT_EQ(NameOf(QueueStatus::kConnecting), "Connecting");
  EXPECT_EQ(NameOf(QueueStatus::kActive), "Active");
  EXPECT_EQ(NameOf(QueueStatus::kRetry), "Retry");
  EXPECT_EQ(NameOf(MessageStatus::kReady), "Ready");
  EXPECT_EQ(NameOf(MessageStatus::kActive), "Active");
  EXPECT_EQ(NameOf(MessageStatus::kRetry), "Retry");
}

TEST_F(QueueViewTest, AQueueConnectsThenIsActiveThenReady) {
  AddMany("a.test", 1, 2);
  EXPECT_EQ(View("a.test").status, QueueStatus::kReady);
  Wanted();
  Take("a.test");
  EXPECT_EQ(View("a.test").status, QueueStatus::kConnecting);
  Worked("a.test");
  Done("a.test", 1);
  Take("a.test");
  EXPECT_EQ(View("a.test").status, QueueStatus::kActive);
  Done("a.test", 2);
  Ended("a.test");
  EXPECT_EQ(View("a.test").status, QueueStatus::kReady);
}

TEST_F(QueueViewTest, AFailedQueueTellsWhenAndWhy) {
  AddMany("a.test", 1, 3);
  Pass(absl::Seconds(7));
  ASSERT_TRUE(TryAndFail("a.test"));
  const QueueView view = View("a.test");
  EXPECT_EQ(view.status, QueueStatus::kRetry);
  EXPECT_EQ(view.last_error, "421 no");
  EXPECT_EQ(view.retry_count, 1u);
  EXPECT_EQ(view.last_retry_time, now_);
  EXPECT_EQ(view.next_retry_time, now_ + absl::Minutes(1));
  EXPECT_EQ(view.message_count, 3u);
  EXPECT_EQ(view.deferred_count, 3u);
}

TEST_F(QueueViewTest, TheNewestErrorOfAMessageThatWaitsIsTold) {
  AddMany("a.test", 1, 2);
  EXPECT_EQ(View("a.test").message_error, "");
  Wanted();
  EXPECT_EQ(Take("a.test"), 1u);
  schedule().NoteError(Hop("a.test"), "450 4.7.1 later");
  RetryIn("a.test", 1, absl::Minutes(5));
  EXPECT_EQ(Take("a.test"), 2u);
  schedule().NoteError(Hop("a.test"), "451 4.3.0 busy");
  RetryIn("a.test", 2, absl::Minutes(5));
  EXPECT_EQ(View("a.test").message_error, "451 4.3.0 busy");
  EXPECT_EQ(View("a.test").last_error, "");

  // Nothing is left that it could be the error of.
  Pass(absl::Minutes(6));
  for (const std::uint64_t id : {1, 2}) {
    Wanted();
    EXPECT_EQ(Take("a.test"), id);
    Done("a.test", id);
  }
  Add("a.test", 3, absl::Minutes(5));
  EXPECT_EQ(View("a.test").message_error, "");

  schedule().Add(model::UnreachableHop(), Ticket(4), now_);
  schedule().NoteError(model::UnreachableHop(), "no connector fits");
  const auto views = schedule().Queues(now_);
  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[1].message_error, "no connector fits");
  schedule().NoteError(Hop("nobody.test"), "a queue that is not there");
}

TEST_F(QueueViewTest, IdsAreDistinctAndInOrder) {
  Add("a.test", 1);
  Add("b.test", 2);
  const auto views = schedule().Queues(now_);
  ASSERT_EQ(views.size(), 2u);
  EXPECT_LT(views[0].id, views[1].id);
  EXPECT_EQ(views[0].hop.domain, "a.test");
}

TEST_F(QueueViewTest, TicketsAreListedWithTheirStateUpToTheLimit) {
  AddMany("a.test", 1, 2);
  Add("a.test", 3, absl::Minutes(15));
  Wanted();
  Take("a.test");
  const auto all = schedule().Tickets(Hop("a.test"), 100);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].status, MessageStatus::kActive);
  EXPECT_EQ(all[1].status, MessageStatus::kReady);
  EXPECT_EQ(all[2].status, MessageStatus::kRetry);
  EXPECT_EQ(all[2].due, now_ + absl::Minutes(15));
  EXPECT_EQ(schedule().Tickets(Hop("a.test"), 2).size(), 2u);
  EXPECT_TRUE(schedule().Tickets(Hop("b.test"), 2).empty());
  const auto under_way = schedule().UnderWay(Hop("a.test"), 10);
  ASSERT_EQ(under_way.size(), 1u);
  EXPECT_EQ(under_way[0].id.value, 1u);
  EXPECT_TRUE(schedule().UnderWay(Hop("a.test"), 0).empty());
  EXPECT_TRUE(schedule().UnderWay(Hop("b.test"), 2).empty());
}

TEST_F(QueueViewTest, AQueueNamesItsOldestMessageUnderWayOrNot) {
  AddMany("a.test", 5, 3);
  Wanted();
  ASSERT_EQ(Take("a.test"), 5u);
  EXPECT_EQ(View("a.test").first, base::MessageId{5});
  Done("a.test", 5);
  EXPECT_EQ(View("a.test").first, base::MessageId{6});
  Take("a.test");
  Done("a.test", 6);
  Take("a.test");
  Done("a.test", 7);
  EXPECT_EQ(View("a.test").first, base::MessageId{0});
}

}  // namespace
}  // namespace postern::queue
