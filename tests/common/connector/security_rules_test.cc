#include "common/connector/security_rules.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/connector/permissions.h"
#include "tests/common/connector/good_connector.h"

namespace postern::connector {
namespace {

using testing::BrokenRule;
using testing::GoodConnector;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::SmartHost;
using Spec = v1::SendConnectorSpec;

void Basic(Spec& spec) {
  SmartHost(spec, "relay.contoso.com");
  spec.set_smart_host_auth_mechanism("BasicAuth");
  spec.mutable_authentication_credential()->set_secret_name("relay");
}

void DomainSecure(Spec& spec) {
  spec.set_domain_secure_enabled(true);
  spec.clear_address_spaces();
  spec.add_address_spaces("contoso.com");
}

v1::Grant& Granted(Spec& spec) {
  v1::Grant& grant = *spec.mutable_permissions()->add_grants();
  grant.set_user("AnonymousLogon");
  grant.add_extended_rights("ms-Exch-Send-Headers-Routing");
  return grant;
}

const std::vector<BrokenRule> kRules = {
    {"usage", [](Spec& s) { s.set_usage("External"); }, "spec.usage", "Custom, Internal"},
    {"type", [](Spec& s) { s.set_connector_type("OnPremises"); }, "spec.connectorType",
     "XPremises"},
    {"logging", [](Spec& s) { s.set_protocol_logging_level("Debug"); }, "spec.protocolLoggingLevel",
     "Verbose"},
    {"policy", [](Spec& s) { s.add_error_policies("Downgrade"); }, "spec.errorPolicies[0]",
     "DowngradeDnsFailures"},
    {"policy twice",
     [](Spec& s) {
       s.add_error_policies("DowngradeDnsFailures");
       s.add_error_policies("downgradednsfailures");
     },
     "spec.errorPolicies[1]", "once"},
    {"default among others",
     [](Spec& s) {
       s.add_error_policies("DowngradeDnsFailures");
       s.add_error_policies("Default");
     },
     "spec.errorPolicies[1]", "alone"},
    {"TLS demanded and ignored",
     [](Spec& s) {
       s.set_require_tls(true);
       s.set_ignore_start_tls(true);
     },
     "spec.ignoreStartTls", "requireTls"},
    {"TLS by HELO",
     [](Spec& s) {
       s.set_require_tls(true);
       s.set_force_helo(true);
     },
     "spec.forceHelo", "requireTls"},
    {"auth level", [](Spec& s) { s.set_tls_auth_level("Domain"); }, "spec.tlsAuthLevel",
     "DomainValidation"},
    {"auth level without RequireTLS", [](Spec& s) { s.set_tls_auth_level("EncryptionOnly"); },
     "spec.tlsAuthLevel", "requireTls"},
    {"domain validation of smart hosts",
     [](Spec& s) {
       SmartHost(s, "relay.contoso.com");
       s.set_require_tls(true);
       s.set_tls_auth_level("DomainValidation");
     },
     "spec.tlsDomain", "must name"},
    {"partner with smart hosts",
     [](Spec& s) {
       SmartHost(s, "relay.contoso.com");
       s.set_usage("Partner");
     },
     "spec.tlsDomain", "must name"},
    {"TLS domain", [](Spec& s) { s.set_tls_domain("*contoso.com"); }, "spec.tlsDomain",
     "\"*.\" before"},
    {"TLS domain of all", [](Spec& s) { s.set_tls_domain("*"); }, "spec.tlsDomain", "is a domain"},
    {"certificate", [](Spec& s) { s.set_tls_certificate_name("CN=mail.contoso.com"); },
     "spec.tlsCertificateName", "<I>issuer<S>subject"},
    {"domain security by wildcard", [](Spec& s) { s.set_domain_secure_enabled(true); },
     "spec.domainSecureEnabled", "no wildcards"},
    {"domain security with smart hosts",
     [](Spec& s) {
       DomainSecure(s);
       SmartHost(s, "relay.contoso.com");
     },
     "spec.domainSecureEnabled", "DNS routing"},
    {"domain security without TLS",
     [](Spec& s) {
       DomainSecure(s);
       s.set_ignore_start_tls(true);
     },
     "spec.domainSecureEnabled", "ignoreStartTls"},
    {"domain security by HELO",
     [](Spec& s) {
       DomainSecure(s);
       s.set_force_helo(true);
     },
     "spec.domainSecureEnabled", "forceHelo"},
    {"domain security by a front end",
     [](Spec& s) {
       DomainSecure(s);
       s.set_frontend_proxy_enabled(true);
     },
     "spec.domainSecureEnabled", "frontendProxyEnabled"},
    {"auth", [](Spec& s) { s.set_smart_host_auth_mechanism("Kerberos"); },
     "spec.smartHostAuthMechanism", "ExternalAuthoritative"},
    {"auth by DNS", [](Spec& s) { s.set_smart_host_auth_mechanism("ExternalAuthoritative"); },
     "spec.smartHostAuthMechanism", "needs smartHosts"},
    {"basic auth without a secret",
     [](Spec& s) {
       Basic(s);
       s.clear_authentication_credential();
     },
     "spec.authenticationCredential.secretName", "must name a secret"},
    {"a secret for nothing",
     [](Spec& s) {
       Basic(s);
       s.set_smart_host_auth_mechanism("None");
     },
     "spec.authenticationCredential.secretName", "no use"},
    {"a secret that is a path",
     [](Spec& s) {
       Basic(s);
       s.mutable_authentication_credential()->set_secret_name("../etc");
     },
     "spec.authenticationCredential.secretName", "1 to 63"},
    {"basic auth by HELO",
     [](Spec& s) {
       Basic(s);
       s.set_force_helo(true);
     },
     "spec.smartHostAuthMechanism", "AUTH"},
    {"basic auth that requires the TLS it ignores",
     [](Spec& s) {
       Basic(s);
       s.set_smart_host_auth_mechanism("BasicAuthRequireTLS");
       s.set_ignore_start_tls(true);
     },
     "spec.smartHostAuthMechanism", "ignoreStartTls"},
    {"Exchange auth without TLS",
     [](Spec& s) {
       SmartHost(s, "relay.contoso.com");
       s.set_smart_host_auth_mechanism("ExchangeServer");
       s.set_ignore_start_tls(true);
     },
     "spec.smartHostAuthMechanism", "ignoreStartTls"},
    {"a label that is none",
     [](Spec& s) {
       s.set_frontend_proxy_enabled(true);
       s.set_egress("Bulk");
     },
     "spec.egress", "lower-case"},
    {"a label without a front end", [](Spec& s) { s.set_egress("bulk"); }, "spec.egress",
     "frontendProxyEnabled"},
    {"a label and an address",
     [](Spec& s) {
       s.set_frontend_proxy_enabled(true);
       s.set_source_ip_address("192.0.2.1");
       s.set_egress("bulk");
     },
     "spec.egress", "sourceIpAddress"},
    {"override of nothing", [](Spec& s) { s.set_allow_policy_override(true); },
     "spec.allowPolicyOverride", "ignoreStartTls"},
    {"source address", [](Spec& s) { s.set_source_ip_address("10.1.1"); }, "spec.sourceIpAddress",
     "address of the sending machine"},
    {"user", [](Spec& s) { Granted(s).set_user("Everyone"); }, "spec.permissions.grants[0].user",
     "AnonymousLogon"},
    {"right", [](Spec& s) { Granted(s).add_extended_rights("Send-As"); },
     "spec.permissions.grants[0].extendedRights[1]", "ms-Exch"},
    {"no right", [](Spec& s) { Granted(s).clear_extended_rights(); },
     "spec.permissions.grants[0].extendedRights", "at least one"},
    {"grants",
     [](Spec& s) {
       for (int i = 0; i <= kGrantsMax; ++i)
         Granted(s);
     },
     "spec.permissions.grants", "at most"},
    {"coexistence", [](Spec& s) { s.set_is_coexistence_connector(true); },
     "spec.isCoexistenceConnector", "cloudServicesMailEnabled"},
    {"linked", [](Spec& s) { s.set_linked_receive_connector("EX\\Default"); },
     "spec.linkedReceiveConnector", "address spaces"},
    {"oorg", [](Spec& s) { s.set_require_oorg(true); }, "spec.requireOorg", "reserved"},
};

TEST(SecurityRulesTest, EachBrokenRuleIsOneFindingWithItsField) {
  for (const BrokenRule& row : kRules) {
    v1::SendConnector connector = GoodConnector();
    row.change(*connector.mutable_spec());
    const auto errors = Validate(connector);
    ASSERT_THAT(errors, SizeIs(1)) << row.fact << ": " << Join(errors);
    EXPECT_EQ(errors[0].path, row.path) << row.fact;
    EXPECT_THAT(errors[0].rule, HasSubstr(row.rule)) << row.fact;
  }
}

TEST(SecurityRulesTest, WhatIsAllowedBringsNoFinding) {
  const std::pair<const char*, std::function<void(Spec&)>> rows[] = {
      {"partner", [](Spec& s) { s.set_usage("partner"); }},
      {"partner without TLS",
       [](Spec& s) {
         s.set_usage("Partner");
         s.set_require_tls(false);
       }},
      {"internal with smart hosts",
       [](Spec& s) {
         s.set_usage("Internal");
         SmartHost(s, "ex.contoso.com");
       }},
      {"basic", Basic},
      {"domain secure",
       [](Spec& s) {
         DomainSecure(s);
         s.add_address_spaces("*.contoso.com");
       }},
      {"domain validation",
       [](Spec& s) {
         SmartHost(s, "relay.contoso.com");
         s.set_require_tls(true);
         s.set_tls_auth_level("domainvalidation");
         s.set_tls_domain("*.Contoso.com");
       }},
      {"external by HELO",
       [](Spec& s) {
         SmartHost(s, "relay.contoso.com");
         s.set_smart_host_auth_mechanism("ExternalAuthoritative");
         s.set_force_helo(true);
       }},
      {"policies",
       [](Spec& s) {
         s.add_error_policies("DowngradeDnsFailures");
         s.add_error_policies("UpgradeCustomFailures");
       }},
      {"what is refused, when it is false",
       [](Spec& s) {
         s.set_is_coexistence_connector(false);
         s.set_require_oorg(false);
       }},
      {"any source", [](Spec& s) { s.set_source_ip_address("0.0.0.0"); }},
      {"certificate",
       [](Spec& s) { s.set_tls_certificate_name("<I>CN=CA<S>CN=mail.contoso.com"); }},
      {"grant", [](Spec& s) { Granted(s).set_user("NT AUTHORITY\\ANONYMOUS LOGON"); }},
  };
  for (const auto& [fact, change] : rows) {
    v1::SendConnector connector = GoodConnector();
    change(*connector.mutable_spec());
    EXPECT_THAT(Validate(connector), IsEmpty()) << fact << ": " << Join(Validate(connector));
  }
}

}  // namespace
}  // namespace postern::connector
