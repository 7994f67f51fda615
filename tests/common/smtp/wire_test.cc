#include "common/smtp/wire.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

using ::testing::HasSubstr;

Delivery WireDelivery() {
  Delivery delivery;
  delivery.route.domain = "example.test";
  delivery.policy.connector = "Internet";
  delivery.policy.version = "7";
  delivery.policy.fqdn = "out.example.test";
  delivery.policy.require_tls = true;
  delivery.policy.inactivity = absl::Seconds(90);
  delivery.envelope.sender = "ann@a.test";
  mail::Recipient bob;
  bob.address = "\"bob b\"@b.test";
  bob.notify = mail::kNotifySuccess | mail::kNotifyFailure;
  bob.orcpt = "rfc822;bob@b.test";
  delivery.envelope.recipients = {bob};
  delivery.envelope.ret = mail::Ret::kHeaders;
  delivery.envelope.envid = "abc";
  delivery.envelope.require_tls = true;
  delivery.size = 4096;
  delivery.eight_bit = true;
  delivery.deadline = absl::Minutes(3);
  return delivery;
}

v1::Offer WireOffer() {
  v1::Offer wire;
  ToWire(WireDelivery(), wire);
  return wire;
}

TEST(WireTest, ADeliveryComesBackAsItWas) {
  const auto back = DeliveryFromWire(WireOffer());
  ASSERT_TRUE(back.ok()) << back.status();
  const Delivery sent = WireDelivery();
  EXPECT_EQ(back->envelope, sent.envelope);
  EXPECT_EQ(back->policy, sent.policy);
  EXPECT_EQ(back->route.domain, "example.test");
  EXPECT_EQ(back->size, 4096u);
  EXPECT_TRUE(back->eight_bit);
  EXPECT_EQ(back->deadline, absl::Minutes(3));
}

TEST(WireTest, AnOfferNamesAnMxSetWhereSomebodyCanBeAskedAboutOthers) {
  Delivery delivery = WireDelivery();
  delivery.mx_set = "10 mx.test";
  v1::Offer wire;
  ToWire(delivery, wire);
  EXPECT_FALSE(wire.has_mx_set());
  delivery.admits = [](std::string, absl::Duration) -> io::Task<bool> { co_return true; };
  ToWire(delivery, wire);
  EXPECT_EQ(wire.mx_set(), "10 mx.test");
}

TEST(WireTest, RequireTlsGoesBeforeTheHeaderField) {
  v1::Offer wire = WireOffer();
  wire.mutable_envelope()->set_tls_optional(true);
  EXPECT_FALSE(DeliveryFromWire(wire)->envelope.tls_optional);
  wire.mutable_envelope()->set_require_tls(false);
  const auto back = DeliveryFromWire(wire);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(back->envelope.tls_optional);
  EXPECT_FALSE(back->envelope.require_tls);
}

TEST(WireTest, WhatCouldBreakACommandLineIsRefused) {
  struct Row {
    std::function<void(v1::Offer&)> spoil;
    std::string_view names;
  };

  const Row rows[] = {
      {[](v1::Offer& o) { o.mutable_envelope()->set_sender("a@b>\r\nRSET"); }, "sender"},
      {[](v1::Offer& o) { o.mutable_envelope()->mutable_recipients(0)->set_address("a@b\n"); },
       "recipients.address"},
      {[](v1::Offer& o) { o.mutable_envelope()->mutable_recipients(0)->set_address(""); },
       "recipients.address"},
      {[](v1::Offer& o) { o.mutable_envelope()->mutable_recipients(0)->set_notify(3); },
       "recipients.notify"},
      {[](v1::Offer& o) { o.mutable_envelope()->mutable_recipients(0)->set_orcpt("a b"); },
       "recipients.orcpt"},
      {[](v1::Offer& o) { o.mutable_envelope()->set_envid("a b"); }, "envid"},
      {[](v1::Offer& o) { o.mutable_envelope()->clear_recipients(); }, "recipients"},
      {[](v1::Offer& o) { o.mutable_policy()->set_fqdn("a b"); }, "policy.fqdn"},
      {[](v1::Offer& o) { o.mutable_policy()->set_connector("a\r\n"); }, "policy.connector"},
      {[](v1::Offer& o) { o.mutable_route()->set_domain(""); }, "route.domain"},
      {[](v1::Offer& o) { o.mutable_route()->set_port(0); }, "route.port"},
      {[](v1::Offer& o) { o.mutable_route()->set_port(70000); }, "route.port"},
      {[](v1::Offer& o) { o.mutable_route()->set_dns_routing(false); }, "route.smart_hosts"},
      {[](v1::Offer& o) { o.set_deadline_ms(0); }, "deadline_ms"},
  };
  for (const Row& row : rows) {
    v1::Offer wire = WireOffer();
    row.spoil(wire);
    const auto back = DeliveryFromWire(wire);
    EXPECT_EQ(back.status().code(), absl::StatusCode::kInvalidArgument) << row.names;
    EXPECT_THAT(std::string(back.status().message()), HasSubstr(std::string(row.names)));
  }
}

Outcome WireOutcome() {
  Outcome outcome;
  outcome.recipients.resize(3);
  outcome.recipients[0].origin = Origin::kRemote;
  outcome.recipients[0].reply = mail::Reply{550, {"5.1.1 no", "such user"}};
  outcome.recipients[0].host = "mx.test";
  outcome.recipients[1].origin = Origin::kConnect;
  outcome.recipients[1].error = absl::UnavailableError("open mx.test: refused");
  outcome.recipients[1].enhanced = mail::EnhancedStatus{4, 4, 1};
  HostTried tried;
  tried.host = "mx.test";
  tried.address = "192.0.2.1:25";
  tried.stage = Stage::kRecipient;
  tried.policy = PolicySource::kDane;
  tried.tls_result = "tlsa-invalid";
  tried.sts_testing = true;
  tried.sending_ip = "198.51.100.7";
  tried.tlsa_base = "mx.test";
  tried.tlsa = {"3 1 1 00ff"};
  outcome.sts_result = "sts-policy-fetch-error";
  outcome.hosts.push_back(tried);
  outcome.tls = TlsFacts{"TLSv1.3", "AES", true, "CN=mx"};
  outcome.keywords = {"DSN"};
  outcome.body_ended = true;
  outcome.ambiguous = true;
  outcome.bytes_sent = 5;
  outcome.session_reused = true;
  return outcome;
}

TEST(WireTest, AnOutcomeComesBackAsItWas) {
  v1::Outcome wire;
  ToWire(WireOutcome(), wire);
  const auto back = OutcomeFromWire(wire, 3);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->recipients[0].reply, WireOutcome().recipients[0].reply);
  EXPECT_EQ(back->recipients[1].error, WireOutcome().recipients[1].error);
  EXPECT_EQ(back->recipients[1].enhanced, (mail::EnhancedStatus{4, 4, 1}));
  EXPECT_EQ(back->recipients[2].origin, Origin::kNone);
  EXPECT_EQ(back->hosts[0].stage, Stage::kRecipient);
  EXPECT_EQ(back->hosts[0].tls_result, "tlsa-invalid");
  EXPECT_TRUE(back->hosts[0].sts_testing);
  EXPECT_EQ(back->hosts[0].sending_ip, "198.51.100.7");
  EXPECT_EQ(back->hosts[0].tlsa_base, "mx.test");
  EXPECT_EQ(back->hosts[0].tlsa, std::vector<std::string>{"3 1 1 00ff"});
  EXPECT_EQ(back->sts_result, "sts-policy-fetch-error");
  EXPECT_TRUE(back->tls->verified && back->body_ended && back->ambiguous && back->session_reused);
}

TEST(WireTest, AnOutcomeThatDoesNotFitIsRefused) {
  v1::Outcome wire;
  ToWire(WireOutcome(), wire);
  EXPECT_FALSE(OutcomeFromWire(wire, 2).ok());
  v1::Outcome code = wire;
  code.mutable_recipients(0)->mutable_reply()->set_code(99);
  EXPECT_FALSE(OutcomeFromWire(code, 3).ok());
  v1::Outcome line = wire;
  line.mutable_recipients(0)->mutable_reply()->set_lines(0, "a\r\nb");
  EXPECT_FALSE(OutcomeFromWire(line, 3).ok());
  v1::Outcome stage = wire;
  stage.mutable_hosts(0)->set_stage("moon");
  EXPECT_FALSE(OutcomeFromWire(stage, 3).ok());
  v1::Outcome records = wire;
  for (int i = 0; i < 20; ++i)
    records.mutable_hosts(0)->add_tlsa("3 1 1 00ff");
  EXPECT_FALSE(OutcomeFromWire(records, 3).ok());
  v1::Outcome origin = wire;
  origin.mutable_recipients(1)->set_origin(v1::ORIGIN_REMOTE);
  EXPECT_FALSE(OutcomeFromWire(origin, 3).ok());
}

TEST(WireTest, WhateverARemoteSaysTheOutcomeFits) {
  Outcome outcome = WireOutcome();
  outcome.hosts[0].host = std::string(70'000, 'h');
  outcome.hosts[0].error = absl::UnavailableError(std::string(9000, '\x01'));
  outcome.hosts[0].tlsa.assign(1000, std::string(9000, '3'));
  outcome.tls->peer_subject = "CN=\x01" + std::string(9000, 's');
  outcome.recipients[0].reply->lines.assign(100, std::string(2000, 'x'));
  outcome.recipients.assign(5000, outcome.recipients[0]);
  v1::Outcome wire;
  ToWire(outcome, wire);
  EXPECT_LT(wire.ByteSizeLong(), 4u << 20);
  const auto back = OutcomeFromWire(wire, 5000);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->recipients[4999].reply->code, outcome.recipients[0].reply->code);
}

TEST(WireTest, BytesThatAreNotUtf8DoNotBreakTheMessage) {
  Outcome outcome = WireOutcome();
  outcome.recipients[0].reply->lines[0] = "5.1.1 \xe9t\xc3\xa9";
  v1::Outcome wire;
  ToWire(outcome, wire);
  v1::Outcome parsed;
  ASSERT_TRUE(parsed.ParseFromString(wire.SerializeAsString()));
  EXPECT_EQ(OutcomeFromWire(parsed, 3)->recipients[0].reply->lines[0], "5.1.1 ?t\xc3\xa9");
}

}  // namespace
}  // namespace postern::smtp
