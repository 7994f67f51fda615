#include "services/mailbox-transport/model/message.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "postern/v1/store.pb.h"

namespace postern::model {
namespace {

Message Full() {
  Message message;
  message.id = base::MessageId{77};
  message.envelope.sender = "alice@example.test";
  message.envelope.recipients = {{"bob@example.test", mail::kNotifyFailure, "rfc822;bob"},
                                 {"b\xf6se@example.test", 0, ""}};
  message.envelope.ret = mail::Ret::kHeaders;
  message.envelope.envid = "env";
  message.envelope.body = mail::BodyType::k8BitMime;
  message.envelope.smtputf8 = true;
  message.envelope.require_tls = true;
  message.recipients.resize(2);
  message.recipients[0].phase = Phase::kDone;
  message.recipients[1].next_hop = {DeliveryType::kUnreachable, "example.test", "Internet"};
  message.recipients[1].next_attempt = absl::FromUnixMillis(1'800'000'000'123);
  message.recipients[1].attempts = 4;
  message.recipients[1].last_error = "451 sp\xe4ter";
  message.recipients[1].delay_notified = true;
  message.size = 1234;
  message.chunks = 1;
  message.header_bytes = 100;
  message.eight_bit = true;
  message.notice = true;
  message.internet_message_id = "<1@example.test>";
  message.subject = "\xff subject";
  message.source_name = "gRPC";
  message.source_ip = "192.0.2.1";
  message.identity = "app";
  message.idempotency_key = "key";
  message.original_size = 1000;
  message.relay_key = "relay";
  message.servers = {"mbx-0", "m\xfcx"};
  message.snapshot_version = "v1";
  message.accepted = absl::FromUnixMillis(1'800'000'000'000);
  message.expires = absl::InfiniteFuture();
  return message;
}

TEST(MessageTest, EveryFieldComesBack) {
  const Message before = Full();
  const auto after = DecodeMessage(before.id, EncodeMessage(before));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->id, before.id);
  EXPECT_EQ(after->envelope, before.envelope);
  EXPECT_EQ(after->recipients[0].phase, Phase::kDone);
  EXPECT_EQ(after->recipients[0].next_attempt, absl::InfinitePast());
  EXPECT_EQ(after->recipients[1].next_hop, before.recipients[1].next_hop);
  EXPECT_EQ(after->recipients[1].next_attempt, before.recipients[1].next_attempt);
  EXPECT_EQ(after->recipients[1].attempts, 4u);
  EXPECT_EQ(after->recipients[1].last_error, before.recipients[1].last_error);
  EXPECT_TRUE(after->recipients[1].delay_notified);
  EXPECT_EQ(after->subject, before.subject);
  EXPECT_EQ(after->original_size, 1000u);
  EXPECT_EQ(after->relay_key, "relay");
  EXPECT_EQ(after->servers, before.servers);
  EXPECT_EQ(after->accepted, before.accepted);
  EXPECT_EQ(after->expires, absl::InfiniteFuture());
  EXPECT_EQ(EncodeMessage(*after), EncodeMessage(before));
}

TEST(MessageTest, ARecordOfBeforeSaysNothingOfTls) {
  v1::StoredMessage stored;
  ASSERT_TRUE(stored.ParseFromString(EncodeMessage(Full())));
  stored.mutable_envelope()->clear_require_tls();
  const auto old = DecodeMessage(base::MessageId{77}, stored.SerializeAsString());
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_FALSE(old->envelope.require_tls);
  EXPECT_FALSE(old->envelope.tls_optional);
}

TEST(MessageTest, ThatTlsIsOptionalComesBack) {
  Message before = Full();
  before.envelope.require_tls = false;
  before.envelope.tls_optional = true;
  EXPECT_EQ(DecodeMessage(before.id, EncodeMessage(before))->envelope, before.envelope);
}

TEST(MessageTest, ARecordOfBeforeHasNoServers) {
  v1::StoredMessage stored;
  ASSERT_TRUE(stored.ParseFromString(EncodeMessage(Full())));
  stored.clear_original_size();
  stored.clear_relay_key();
  stored.clear_servers();
  const auto old = DecodeMessage(base::MessageId{77}, stored.SerializeAsString());
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ(old->original_size, 0u);
  EXPECT_TRUE(old->servers.empty());
  EXPECT_EQ(KeyOf(*old), std::pair(std::string("app"), std::string("key")));
}

TEST(MessageTest, IsRoutedByTheSmallerOfItsSizes) {
  Message message;
  message.size = 1234;
  EXPECT_EQ(message.routed_size(), 1234u) << "the other is not known";
  message.original_size = 1000;
  EXPECT_EQ(message.routed_size(), 1000u) << "it grew on its way";
  message.original_size = 2000;
  EXPECT_EQ(message.routed_size(), 1234u) << "it shrank on its way";
  message.notice = true;
  EXPECT_EQ(message.routed_size(), 0u) << "a notice is never too large";
}

TEST(MessageTest, AServersKeyIsOfNobody) {
  Message message;
  message.identity = "app";
  EXPECT_EQ(KeyOf(message).second, "");
  message.idempotency_key = "key";
  EXPECT_EQ(KeyOf(message), std::pair(std::string("app"), std::string("key")));
  message.relay_key = "relay";
  EXPECT_EQ(KeyOf(message), std::pair(std::string(), std::string("relay")));
}

TEST(MessageTest, SettledWhenNoRecipientIsPending) {
  Message message = Full();
  EXPECT_FALSE(message.settled());
  message.recipients[1].phase = Phase::kDone;
  EXPECT_TRUE(message.settled());
}

TEST(MessageTest, NonsenseIsDataLoss) {
  const base::MessageId id{1};
  EXPECT_EQ(DecodeMessage(id, "\xff\xff\xff").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeMessage(id, "").status().code(), absl::StatusCode::kDataLoss);
}

// One row a contradiction: what is changed in a good record.
TEST(MessageTest, ContradictionsAreDataLoss) {
  using Break = void (*)(v1::StoredMessage&);
  const std::vector<std::pair<std::string, Break>> rows = {
      {"state missing", [](v1::StoredMessage& m) { m.mutable_recipients()->RemoveLast(); }},
      {"phase",
       [](v1::StoredMessage& m) {
         m.mutable_recipients(0)->set_phase(static_cast<v1::RecipientPhase>(9));
       }},
      {"delivery type",
       [](v1::StoredMessage& m) {
         m.mutable_recipients(0)->mutable_next_hop()->set_delivery_type(99);
       }},
      {"ret", [](v1::StoredMessage& m) { m.mutable_envelope()->set_ret(3); }},
      {"body type", [](v1::StoredMessage& m) { m.mutable_envelope()->set_body(2); }},
      {"notify",
       [](v1::StoredMessage& m) { m.mutable_envelope()->mutable_recipients(0)->set_notify(16); }},
  };
  for (const auto& [name, break_it] : rows) {
    v1::StoredMessage stored;
    ASSERT_TRUE(stored.ParseFromString(EncodeMessage(Full())));
    break_it(stored);
    const auto decoded = DecodeMessage(base::MessageId{1}, stored.SerializeAsString());
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss) << name;
  }
}

}  // namespace
}  // namespace postern::model
