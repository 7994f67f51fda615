#include "services/mailbox-transport/admin/queue_fields.h"

#include "gtest/gtest.h"

namespace postern::admin {
namespace {

FieldValue ValueOf(const NamedQueue& queue, std::string_view name) {
  return QueueField(*FindField(QueueFields(), name, "queue"), queue, "ours");
}

TEST(QueueFields, EachPropertyIsWhatTheQueueHas) {
  NamedQueue queue;
  queue.name = "3";
  queue.tls_domain = "b.test";
  queue.view.hop = {model::DeliveryType::kDnsConnectorDelivery, "b.test", "Internet"};
  queue.view.status = queue::QueueStatus::kRetry;
  queue.view.message_count = 12;
  queue.view.deferred_count = 11;
  queue.view.retry_count = 4;
  queue.view.last_error = "451 later";
  queue.view.last_retry_time = absl::FromUnixSeconds(5);
  queue.view.first_retry_time = absl::FromUnixSeconds(3);
  queue.view.suspended_count = 2;
  queue.view.incoming_rate = 1.5;
  queue.view.outgoing_rate = 0.5;
  queue.view.velocity = -1;
  const std::pair<const char*, FieldValue> rows[] = {
      {"Identity", std::string("ours\\3")},
      {"DeliveryType", std::string("DnsConnectorDelivery")},
      {"NextHopDomain", std::string("b.test")},
      {"NextHopConnector", std::string("Internet")},
      {"NextHopCategory", std::string("External")},
      {"Status", std::string("Retry")},
      {"MessageCount", std::int64_t{12}},
      {"DeferredMessageCount", std::int64_t{11}},
      {"RetryCount", std::int64_t{4}},
      {"LastError", std::string("451 later")},
      {"LastRetryTime", absl::FromUnixSeconds(5)},
      {"NextRetryTime", FieldValue()},
      {"FirstRetryTime", absl::FromUnixSeconds(3)},
      {"SuspendedMessageCount", std::int64_t{2}},
      {"IncomingRate", 1.5},
      {"OutgoingRate", 0.5},
      {"Velocity", -1.0},
      {"TlsDomain", std::string("b.test")},
  };
  for (const auto& [name, value] : rows)
    EXPECT_EQ(ValueOf(queue, name), value) << name;
}

TEST(QueueFields, EveryWordOfAPropertyIsOneThatAQueueMayHave) {
  const auto type = *FindField(QueueFields(), "DeliveryType", "queue");
  for (std::size_t i = 0; i < model::kDeliveryTypes; ++i) {
    NamedQueue queue;
    queue.view.hop.type = static_cast<model::DeliveryType>(i);
    const std::string_view name = DeliveryTypeOf(queue);
    EXPECT_TRUE(ParseValue(QueueFields()[type], name).ok()) << name;
  }
}

TEST(QueueFields, SpecialQueuesAreNamedInThePlaceOfADomain) {
  NamedQueue queue;
  queue.name = "Unreachable";
  queue.view.hop.type = model::DeliveryType::kUnreachable;
  EXPECT_EQ(ValueOf(queue, "NextHopDomain"), FieldValue(std::string("Unreachable Domain")));
  EXPECT_EQ(ValueOf(queue, "NextHopConnector"), FieldValue());
}

}  // namespace
}  // namespace postern::admin
