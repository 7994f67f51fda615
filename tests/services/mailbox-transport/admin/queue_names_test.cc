#include "services/mailbox-transport/admin/queue_names.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

queue::QueueView ViewOf(std::uint64_t id, std::string domain, model::DeliveryType type) {
  queue::QueueView view;
  view.id = id;
  view.hop = {type, std::move(domain), "Internet"};
  view.message_count = id;
  return view;
}

queue::QueueView Dns(std::uint64_t id, std::string domain) {
  return ViewOf(id, std::move(domain), model::DeliveryType::kDnsConnectorDelivery);
}

std::vector<NamedQueue> Named(std::vector<std::vector<queue::QueueView>> shards) {
  queue::QueueView submission;
  submission.hop = model::SubmissionHop();
  return NameQueues(std::move(submission), std::move(shards));
}

std::vector<std::string> Names(const std::vector<NamedQueue>& queues) {
  std::vector<std::string> names;
  for (const NamedQueue& queue : queues)
    names.push_back(base::Cat(queue.name, ":", queue.view.hop.domain));
  return names;
}

TEST(QueueNames, SubmissionAndUnreachableAreAlwaysThere) {
  EXPECT_THAT(Names(Named({{}})), ElementsAre("Submission:Submission", "Unreachable:"));
}

TEST(QueueNames, SpecialQueuesAreFoundInTheirShard) {
  const auto queues = Named({{ViewOf(5, "Poison Message", model::DeliveryType::kPoison)},
                             {ViewOf(8, "", model::DeliveryType::kUnreachable)}});
  ASSERT_EQ(queues.size(), 3u);
  EXPECT_EQ(queues[1].name, "Unreachable");
  EXPECT_EQ(queues[1].view.message_count, 8u);
  EXPECT_EQ(queues[1].shard, 1u);
  EXPECT_EQ(queues[2].name, "Poison");
  EXPECT_EQ(DomainOf(queues[2]), "Poison Message");
  EXPECT_EQ(DeliveryTypeOf(queues[2]), "Undefined");
  EXPECT_TRUE(IsSpecial(queues[2]));
}

TEST(QueueNames, PoisonIsHiddenWhenItIsEmpty) {
  EXPECT_EQ(Named({{ViewOf(0, "Poison Message", model::DeliveryType::kPoison)}}).size(), 2u);
}

TEST(QueueNames, UnreachableIsHiddenWhenItIsEmptyAndNotSuspended) {
  auto queues = Named({{}});
  EXPECT_FALSE(IsHidden(queues[0]));
  EXPECT_TRUE(IsHidden(queues[1]));
  queues[1].view.status = queue::QueueStatus::kSuspended;
  EXPECT_FALSE(IsHidden(queues[1]));
  EXPECT_FALSE(IsHidden(Named({{ViewOf(8, "", model::DeliveryType::kUnreachable)}})[1]));
}

TEST(QueueNames, OneShardCountsOneTwoThree) {
  EXPECT_THAT(
      Names(Named({{Dns(1, "a.test"), Dns(2, "b.test"), Dns(3, "c.test")}})),
      ElementsAre("Submission:Submission", "Unreachable:", "1:a.test", "2:b.test", "3:c.test"));
}

TEST(QueueNames, NumbersOfShardsNeverMeet) {
  EXPECT_THAT(
      Names(Named({{Dns(1, "a.test"), Dns(2, "b.test")}, {Dns(1, "c.test")}})),
      ElementsAre("Submission:Submission", "Unreachable:", "1:a.test", "2:c.test", "3:b.test"));
}

std::vector<std::string> Find(std::string_view identity) {
  const auto found = Filtered(Named({{Dns(1, "a.test"), Dns(2, "b.test")}}), identity, "mbx-0");
  if (!found.ok()) return {std::string(found.status().message())};
  return Names(*found);
}

TEST(QueueNames, IdentityIsNameNumberDomainOrAll) {
  EXPECT_THAT(Find("2"), ElementsAre("2:b.test"));
  EXPECT_THAT(Find("B.TEST"), ElementsAre("2:b.test"));
  EXPECT_THAT(Find("submission"), ElementsAre("Submission:Submission"));
  EXPECT_THAT(Find("MBX-0\\unreachable"), ElementsAre("Unreachable:"));
  EXPECT_THAT(Find("mbx-0\\1"), ElementsAre("1:a.test"));
  EXPECT_EQ(Find("").size(), 4u);
  EXPECT_EQ(Find("*").size(), 4u);
  EXPECT_EQ(Find("mbx-0\\*").size(), 4u);
}

TEST(QueueNames, WrongIdentityNamesTheRule) {
  EXPECT_THAT(Find("9"), ElementsAre(HasSubstr("queue \"9\": there is none on mbx-0")));
  EXPECT_THAT(Find("mbx-1\\1"), ElementsAre(HasSubstr("this server is mbx-0, not mbx-1")));
  EXPECT_THAT(Find("mbx-0\\"), ElementsAre(HasSubstr("write [Server\\]")));
}

TEST(QueueNames, InfoHasExchangesWords) {
  NamedQueue queue;
  queue.name = "3";
  queue.view = Dns(3, "a.test");
  queue.view.status = queue::QueueStatus::kRetry;
  queue.view.deferred_count = 2;
  queue.view.last_error = "451 4.4.0\r\nDNS \xFF";
  queue.view.retry_count = 4;
  queue.view.next_retry_time = absl::UnixEpoch();
  const v1::QueueInfo info = ToInfo(queue, "mbx-0");
  EXPECT_EQ(info.identity(), "mbx-0\\3");
  EXPECT_EQ(info.delivery_type(), "DnsConnectorDelivery");
  EXPECT_EQ(info.status(), "Retry");
  EXPECT_EQ(info.next_hop_domain(), "a.test");
  EXPECT_EQ(info.next_hop_connector(), "Internet");
  EXPECT_EQ(info.message_count(), 3u);
  EXPECT_EQ(info.deferred_message_count(), 2u);
  EXPECT_EQ(info.retry_count(), 4u);
  EXPECT_EQ(info.last_error(), "451 4.4.0  DNS ?");
  EXPECT_EQ(info.next_retry_time(), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(info.last_retry_time(), "");
}

TEST(QueueNames, TheErrorOfAMessageStandsWhereTheNextHopHasNone) {
  NamedQueue queue;
  queue.view = Dns(3, "a.test");
  queue.view.message_error = "450 4.7.1 later";
  EXPECT_EQ(ToInfo(queue, "mbx-0").last_error(), "450 4.7.1 later");
  queue.view.last_error = "421 no";
  EXPECT_EQ(ToInfo(queue, "mbx-0").last_error(), "421 no");
}

TEST(QueueNames, SpecialQueuesStandInThePlaceOfADomain) {
  EXPECT_EQ(ToInfo(Named({{}})[0], "mbx-0").next_hop_domain(), "Submission");
  EXPECT_EQ(ToInfo(Named({{}})[1], "mbx-0").delivery_type(), "Unreachable");
  EXPECT_EQ(ToInfo(Named({{}})[1], "mbx-0").next_hop_domain(), "Unreachable Domain");
}

}  // namespace
}  // namespace postern::admin
