#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/smtp/wire.h"

namespace postern::smtp {
namespace {

using ::testing::HasSubstr;

ConnectorPolicy EveryField() {
  ConnectorPolicy policy;
  policy.connector = "Partner";
  policy.version = "7";
  policy.fqdn = "out.example.test";
  policy.require_tls = true;
  policy.messages_per_connection_max = 3;
  policy.inactivity = absl::Seconds(90);
  policy.tls_auth_level = TlsAuthLevel::kDomainValidation;
  policy.tls_domain = "*.contoso.test";
  policy.tls_certificate_name = "<I>CN=CA<S>CN=out.example.test";
  policy.domain_secure = true;
  policy.auth = SmartHostAuth::kBasicAuthRequireTls;
  policy.credential = "relay-1";
  policy.source_address = *io::IpAddress::Parse("2001:db8::1");
  policy.egress = "bulk";
  policy.external_dns = true;
  policy.protocol_log = true;
  policy.cloud_services_mail = true;
  policy.allow_policy_override = true;
  policy.revocation_soft_fail = false;
  policy.grants[0].routing = true;
  policy.grants[3] = mail::HeaderRights::All();
  return policy;
}

v1::ConnectorPolicy Wire() {
  v1::ConnectorPolicy wire;
  ToWire(EveryField(), wire);
  return wire;
}

TEST(WirePolicyTest, EveryFieldComesBackAsItWas) {
  const auto back = PolicyFromWire(Wire());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, EveryField());
  v1::ConnectorPolicy plain;
  ToWire(ConnectorPolicy(), plain);
  EXPECT_EQ(*PolicyFromWire(plain), ConnectorPolicy());
}

TEST(WirePolicyTest, WhatNoConnectorSaysIsRefused) {
  using Policy = v1::ConnectorPolicy;

  struct Row {
    std::function<void(Policy&)> spoil;
    std::string_view names;
  };

  const Row rows[] = {
      {[](Policy& p) { p.set_tls_auth_level(static_cast<v1::TlsAuthLevel>(9)); },
       "policy.tls_auth_level"},
      {[](Policy& p) { p.set_auth(static_cast<v1::SmartHostAuth>(9)); }, "policy.auth"},
      {[](Policy& p) { p.set_tls_domain("contoso.test\r\nRSET"); }, "policy.tls_domain"},
      {[](Policy& p) { p.set_tls_domain("*"); }, "policy.tls_domain"},
      {[](Policy& p) { p.set_tls_domain("*.*.test"); }, "policy.tls_domain"},
      {[](Policy& p) { p.set_tls_domain("Contoso.test"); }, "policy.tls_domain"},
      {[](Policy& p) { p.set_tls_certificate_name("CN=x"); }, "policy.tls_certificate_name"},
      {[](Policy& p) { p.set_tls_certificate_name("<I>CN=x\n<S>CN=y"); },
       "policy.tls_certificate_name"},
      {[](Policy& p) { p.set_credential("../../etc"); }, "policy.credential"},
      {[](Policy& p) { p.set_credential(""); }, "policy.credential"},
      {[](Policy& p) { p.set_source_address("everywhere"); }, "policy.source_address"},
      {[](Policy& p) { p.set_egress("../bulk"); }, "policy.egress"},
      {[](Policy& p) { p.set_ignore_start_tls(true); }, "policy.ignore_start_tls"},
      {[](Policy& p) { p.set_force_helo(true); }, "policy.force_helo"},
      {[](Policy& p) { p.mutable_grants(0)->set_principal(static_cast<v1::Principal>(9)); },
       "policy.grants.principal"},
      {[](Policy& p) { p.mutable_grants(1)->set_principal(v1::PRINCIPAL_ANONYMOUS); },
       "policy.grants.principal"},
      {[](Policy& p) { p.set_inactivity_ms(86'400'001); }, "policy.inactivity_ms"},
  };
  for (const Row& row : rows) {
    Policy wire = Wire();
    row.spoil(wire);
    const auto back = PolicyFromWire(wire);
    EXPECT_TRUE(absl::IsInvalidArgument(back.status())) << row.names;
    EXPECT_THAT(std::string(back.status().message()), HasSubstr(std::string(row.names)));
  }
}

TEST(WirePolicyTest, NobodyLogsInToTheHostsOfADomain) {
  Delivery delivery;
  delivery.route.domain = "contoso.test";
  delivery.policy = EveryField();
  delivery.envelope.recipients.resize(1);
  delivery.envelope.recipients[0].address = "bob@contoso.test";
  v1::Offer wire;
  ToWire(delivery, wire);
  EXPECT_THAT(DeliveryFromWire(wire).status().ToString(),
              HasSubstr("policy.auth: needs smart hosts"));
}

}  // namespace
}  // namespace postern::smtp
