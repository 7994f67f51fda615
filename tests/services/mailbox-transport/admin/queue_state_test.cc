#include "services/mailbox-transport/admin/queue_state.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/services/mailbox-transport/admin/pipeline_fixture.h"
#include "tests/support/await.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const absl::Time kStateNow = absl::FromUnixSeconds(1'800'000'000);

NamedQueue StateQueue(std::string name, model::NextHop hop, queue::QueueStatus status) {
  NamedQueue queue;
  queue.name = std::move(name);
  queue.view.hop = std::move(hop);
  queue.view.status = status;
  queue.view.message_count = 3;
  queue.view.last_error = "451 later";
  queue.view.next_retry_time = kStateNow + absl::Minutes(5);
  return queue;
}

model::NextHop StateHop(std::string domain) {
  return {model::DeliveryType::kDnsConnectorDelivery, std::move(domain), "Internet"};
}

model::Message StateMessage(const std::vector<model::NextHop>& hops) {
  model::Message message;
  message.id = base::MessageId{7};
  message.envelope.recipients.resize(hops.size());
  for (const model::NextHop& hop : hops) {
    model::RecipientState state;
    state.next_hop = hop;
    message.recipients.push_back(state);
  }
  return message;
}

TEST(QueueState, MessageStandsInEachQueueThatItWaitsIn) {
  const model::NextHop lost{model::DeliveryType::kUnreachable, "nowhere.test", ""};
  const QueueState state(
      {StateQueue("Unreachable", {model::DeliveryType::kUnreachable, "", ""},
                  queue::QueueStatus::kReady),
       StateQueue("4", StateHop("b.test"), queue::QueueStatus::kRetry),
       StateQueue("11", StateHop("c.test"), queue::QueueStatus::kActive)},
      {{base::MessageId{7}, StateHop("c.test"), queue::MessageStatus::kPendingSuspend}});
  model::Message message =
      StateMessage({StateHop("c.test"), StateHop("b.test"), lost, StateHop("d.test")});
  message.recipients.push_back(message.recipients[1]);
  const auto rows = state.StandingsOf(message, kStateNow);
  ASSERT_THAT(rows, SizeIs(4));
  EXPECT_EQ(rows[0].standing.queue, "Unreachable");
  EXPECT_EQ(rows[1].standing.queue, "d.test");  // whose queue is gone by now
  EXPECT_EQ(rows[2].standing.queue, "4");
  EXPECT_EQ(rows[2].standing.ticket.status, queue::MessageStatus::kRetry);
  EXPECT_EQ(rows[2].standing.ticket.due, kStateNow + absl::Minutes(5));
  EXPECT_EQ(rows[2].standing.queue_error, "451 later");
  EXPECT_EQ(rows[3].standing.queue, "11");
  EXPECT_EQ(rows[3].standing.ticket.status, queue::MessageStatus::kPendingSuspend);
  EXPECT_EQ(state.message_count(), 9u);
}

TEST(QueueState, SuspendedMessageOfAQueueInRetryIsSuspended) {
  const QueueState state({StateQueue("4", StateHop("b.test"), queue::QueueStatus::kRetry)}, {});
  model::Message message = StateMessage({StateHop("b.test")});
  message.recipients[0].suspended = true;
  const auto rows = state.StandingsOf(message, kStateNow);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].standing.ticket.status, queue::MessageStatus::kSuspended);
  EXPECT_TRUE(IsAtRest(rows[0].standing));
}

TEST(QueueState, SettledRecipientsStandNowhere) {
  const QueueState state({}, {});
  model::Message message = StateMessage({StateHop("b.test")});
  message.recipients[0].phase = model::Phase::kDone;
  EXPECT_TRUE(state.StandingsOf(message, kStateNow).empty());
}

TEST(QueueState, SpecialQueuesComeBeforeNumbers) {
  EXPECT_LT(QueueRank("Submission"), QueueRank("Unreachable"));
  EXPECT_LT(QueueRank("Unreachable"), QueueRank("1"));
  EXPECT_LT(QueueRank("2"), QueueRank("10"));
}

class AskQueuesTest : public PipelineFixture {};

TEST_F(AskQueuesTest, EveryShardIsAskedAndIdsAreInOrder) {
  resolver_.ServFail("b.test");
  Directory("Some b.test");
  const base::MessageId first = Accept({"x@nowhere.test"});
  const base::MessageId second = Accept({"x@nowhere.test", "x@b.test"});
  QueueStatePtr state;
  ASSERT_TRUE(Soon([&] {
    state = *testing::Await(first_, AskQueues(*pipeline_));
    return state->message_count() == 3;
  }));
  const auto ids = testing::Await(first_, AskIds(*pipeline_, state->queues()));
  ASSERT_TRUE(ids.ok());
  EXPECT_THAT(**ids, ElementsAre(first, second));
}

TEST_F(AskQueuesTest, TooManyIdsAreNotListed) {
  Directory("Some b.test");
  NamedQueue large;
  large.view.message_count = kTicketsMax + 1;
  std::vector<NamedQueue> queues = {large};
  EXPECT_FALSE(testing::Await(first_, AskIds(*pipeline_, std::move(queues)))->has_value());
}

}  // namespace
}  // namespace postern::admin
