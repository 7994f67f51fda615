#include "services/mailbox-transport/model/relayed.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Batch TwoOfThree() {
  auto message = std::make_shared<Message>();
  message->id = base::MessageId{42};
  message->envelope.sender = "ann@a.test";
  message->envelope.recipients = {{"one@b.test", mail::kNotifyFailure, "rfc822;one"},
                                  {"two@b.test"},
                                  {"three@b.test", mail::kNotifyNever, ""}};
  message->envelope.ret = mail::Ret::kHeaders;
  message->envelope.envid = "env";
  message->envelope.body = mail::BodyType::k8BitMime;
  message->recipients.resize(3);
  message->recipients[2].attempts = 3;
  message->recipients[2].last_error = "451 sp\xe4ter";
  message->recipients[2].delay_notified = true;
  message->size = 1234;
  message->original_size = 1000;
  message->servers = {"first"};
  message->source_name = "SMTP:relay";
  message->source_ip = "192.0.2.1";
  message->identity = "app";
  message->accepted = absl::FromUnixMillis(1'800'000'000'123);
  message->expires = absl::InfiniteFuture();
  return Batch{message, NextHop(), {0, 2}};
}

// As the next server has it.
Message Arrived(const Batch& batch) {
  return *FromRelayed(ToRelayed(batch, "db", "second"));
}

TEST(RelayedTest, WhatIsSuspendedArrivesSuspended) {
  Batch batch = TwoOfThree();
  EXPECT_FALSE(Arrived(batch).recipients[0].suspended);
  batch.message->recipients[2].suspended = true;
  EXPECT_FALSE(Arrived(batch).recipients[0].suspended);
  EXPECT_TRUE(Arrived(batch).recipients[1].suspended);
  batch.suspended = true;  // its queue is
  EXPECT_TRUE(Arrived(batch).recipients[0].suspended);
}

TEST(RelayedTest, PoisonArrivesAsPoison) {
  Batch batch = TwoOfThree();
  batch.message->crashes = 2;
  EXPECT_EQ(Arrived(batch).recipients[0].next_hop, NextHop());
  EXPECT_EQ(Arrived(batch).crashes, 2u);
  batch.next_hop = PoisonHop();
  EXPECT_EQ(Arrived(batch).recipients[1].next_hop, PoisonHop());
}

TEST(RelayedTest, WhatBelongsToTheBatchArrives) {
  const Batch batch = TwoOfThree();
  const v1::RelayedMessage relayed = ToRelayed(batch, "db", "second");
  v1::RelayedMessage wire;
  ASSERT_TRUE(wire.ParseFromString(relayed.SerializeAsString()));
  const auto arrived = FromRelayed(wire);
  ASSERT_TRUE(arrived.ok()) << arrived.status();
  EXPECT_EQ(arrived->envelope, batch.envelope());
  ASSERT_EQ(arrived->recipients.size(), 2u);
  EXPECT_EQ(arrived->recipients[1].attempts, 3u);
  EXPECT_EQ(arrived->recipients[1].last_error, "451 sp\xe4ter");
  EXPECT_TRUE(arrived->recipients[1].delay_notified);
  EXPECT_EQ(arrived->recipients[1].phase, Phase::kPending);
  EXPECT_EQ(arrived->size, 1234u);
  EXPECT_EQ(arrived->original_size, 1000u);
  EXPECT_FALSE(arrived->notice);
  EXPECT_THAT(arrived->servers, ElementsAre("first", "second"));
  EXPECT_EQ(arrived->source_name, "SMTP:relay");
  EXPECT_EQ(arrived->source_ip, "192.0.2.1");
  EXPECT_EQ(arrived->identity, "app");
  EXPECT_EQ(arrived->accepted, batch.message->accepted);
  EXPECT_EQ(arrived->expires, absl::InfiniteFuture());
  EXPECT_EQ(arrived->relay_key, RelayKeyOf(relayed));
}

TEST(RelayedTest, ThePriorityArrives) {
  const Batch batch = TwoOfThree();
  batch.message->priority = Priority::kLow;
  v1::RelayedMessage wire = ToRelayed(batch, "db", "second");
  EXPECT_EQ(FromRelayed(wire)->priority, Priority::kLow);
  wire.set_priority(3);
  EXPECT_THAT(FromRelayed(wire).status().message(), HasSubstr("priority"));
}

TEST(RelayedTest, WhatTheSenderSaysOfTlsArrives) {
  const Batch batch = TwoOfThree();
  batch.message->envelope.require_tls = true;
  v1::RelayedMessage wire = ToRelayed(batch, "db", "second");
  EXPECT_EQ(FromRelayed(wire)->envelope, batch.envelope());
  wire.set_tls_optional(true);
  EXPECT_FALSE(FromRelayed(wire)->envelope.tls_optional) << "REQUIRETLS goes before it";
  batch.message->envelope.require_tls = false;
  batch.message->envelope.tls_optional = true;
  EXPECT_EQ(FromRelayed(ToRelayed(batch, "db", "second"))->envelope, batch.envelope());
}

TEST(RelayedTest, WithoutAnOriginalSizeItIsTheOneNow) {
  const Batch batch = TwoOfThree();
  batch.message->original_size = 0;
  EXPECT_EQ(ToRelayed(batch, "db", "second").original_size(), 1234u);
}

TEST(RelayedTest, ALongErrorIsCut) {
  Batch batch = TwoOfThree();
  batch.message->recipients[2].last_error = std::string(1000, 'x');
  const v1::RelayedMessage relayed = ToRelayed(batch, "db", "second");
  EXPECT_EQ(relayed.recipients(1).last_error().size(), kLastErrorBytesRelayed);
}

TEST(RelayedTest, TheKeyIsOfTheSameRecipientsOfTheSameMessage) {
  Batch batch = TwoOfThree();
  const std::string key = RelayKeyOf(ToRelayed(batch, "db", "second"));
  EXPECT_EQ(key.size(), 32u);
  batch.message->recipients[0].attempts = 7;
  batch.message->recipients[0].last_error = "451 later";
  EXPECT_EQ(RelayKeyOf(ToRelayed(batch, "db", "second")), key) << "a later attempt";
  EXPECT_EQ(RelayKeyOf(ToRelayed(batch, "db", "renamed")), key);
  EXPECT_NE(RelayKeyOf(ToRelayed(batch, "other", "second")), key);
  batch.recipients = {0};
  EXPECT_NE(RelayKeyOf(ToRelayed(batch, "db", "second")), key);
  batch.recipients = {0, 2};
  batch.message->id = base::MessageId{43};
  EXPECT_NE(RelayKeyOf(ToRelayed(batch, "db", "second")), key);
}

TEST(RelayedTest, WhatIsWrongIsNamed) {
  using Break = void (*)(v1::RelayedMessage&);
  const std::vector<std::pair<const char*, Break>> rows = {
      {"origin_database", [](v1::RelayedMessage& m) { m.clear_origin_database(); }},
      {"origin_id", [](v1::RelayedMessage& m) { m.clear_origin_id(); }},
      {"size", [](v1::RelayedMessage& m) { m.clear_size(); }},
      {"ret", [](v1::RelayedMessage& m) { m.set_ret(static_cast<v1::Ret>(9)); }},
      {"body", [](v1::RelayedMessage& m) { m.set_body(static_cast<v1::BodyType>(9)); }},
      {"notify", [](v1::RelayedMessage& m) { m.mutable_recipients(0)->set_notify(16); }},
      {"servers", [](v1::RelayedMessage& m) { m.clear_servers(); }},
      {"servers", [](v1::RelayedMessage& m) { m.set_servers(0, ""); }},
      {"recipient", [](v1::RelayedMessage& m) { m.clear_recipients(); }},
      {"", [](v1::RelayedMessage& m) { m.mutable_recipients(0)->set_address("a\r\nb@c.test"); }},
      {"", [](v1::RelayedMessage& m) { m.set_sender("nobody"); }},
  };
  for (const auto& [field, break_it] : rows) {
    v1::RelayedMessage relayed = ToRelayed(TwoOfThree(), "db", "second");
    break_it(relayed);
    const auto arrived = FromRelayed(relayed);
    EXPECT_EQ(arrived.status().code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_THAT(std::string(arrived.status().message()), HasSubstr(field));
  }
}

TEST(RelayedTest, TwentyRelaysAreEnough) {
  v1::RelayedMessage relayed = ToRelayed(TwoOfThree(), "db", "second");
  while (static_cast<std::size_t>(relayed.servers_size()) < kRelaysMax)
    relayed.add_servers("more");
  EXPECT_TRUE(FromRelayed(relayed).ok());
  relayed.add_servers("one too many");
  EXPECT_EQ(FromRelayed(relayed).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace postern::model
