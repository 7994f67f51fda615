#include "common/smtp/security.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/support/certificates.h"

namespace postern::smtp {
namespace {

using ::testing::HasSubstr;

// "required chain contoso.test", as the table on top of security.cc says it.
std::string Shown(const Security& security) {
  std::string out = security.tls == TlsUse::kNever           ? "never"
                    : security.tls == TlsUse::kOpportunistic ? "opportunistic"
                                                             : "required";
  if (security.demand.chain) out += " chain";
  for (const std::string& name : security.demand.names)
    out += " " + name;
  return out;
}

TEST(SecurityTest, WhatIsDemandedFollowsFromTheConnector) {
  using Policy = ConnectorPolicy;
  using Level = TlsAuthLevel;

  struct Row {
    std::string_view fact;
    std::function<void(Policy&)> set;
    std::string_view by_mx;
    std::string_view by_smart_host;
  };

  const auto none = [](Policy&) {};
  const auto level = [](Level of) {
    return [of](Policy& p) {
      p.require_tls = true;
      p.tls_auth_level = of;
    };
  };
  const Row rows[] = {
      {"nothing", none, "opportunistic", "opportunistic"},
      {"IgnoreSTARTTLS", [](Policy& p) { p.ignore_start_tls = true; }, "never", "never"},
      {"RequireTLS", [](Policy& p) { p.require_tls = true; }, "required", "required"},
      {"EncryptionOnly", level(Level::kEncryptionOnly), "required", "required"},
      {"CertificateValidation", level(Level::kCertificateValidation), "required chain",
       "required chain"},
      {"DomainValidation", level(Level::kDomainValidation), "required chain contoso.test",
       "required chain relay.test"},
      {"DomainValidation, TlsDomain",
       [&](Policy& p) {
         level(Level::kDomainValidation)(p);
         p.tls_domain = "*.partner.test";
       },
       "required chain *.partner.test", "required chain *.partner.test"},
      {"TlsDomain at another level",
       [&](Policy& p) {
         level(Level::kCertificateValidation)(p);
         p.tls_domain = "*.partner.test";
       },
       "required chain", "required chain"},
      {"Domain Security", [](Policy& p) { p.domain_secure = true; }, "required chain contoso.test",
       "required chain relay.test"},
      {"BasicAuth", [](Policy& p) { p.auth = SmartHostAuth::kBasicAuth; }, "opportunistic",
       "opportunistic"},
      {"BasicAuthRequireTLS", [](Policy& p) { p.auth = SmartHostAuth::kBasicAuthRequireTls; },
       "required chain ", "required chain relay.test"},
      {"ExchangeServer", [](Policy& p) { p.auth = SmartHostAuth::kExchangeServer; },
       "required chain ", "required chain relay.test"},
      {"ExternalAuthoritative", [](Policy& p) { p.auth = SmartHostAuth::kExternalAuthoritative; },
       "opportunistic", "opportunistic"},
      {"BasicAuthRequireTLS and TlsDomain",
       [&](Policy& p) {
         level(Level::kDomainValidation)(p);
         p.auth = SmartHostAuth::kBasicAuthRequireTls;
         p.tls_domain = "partner.test";
       },
       "required chain partner.test ", "required chain partner.test relay.test"},
  };
  for (const Row& row : rows) {
    Policy policy;
    row.set(policy);
    Route mx;
    mx.domain = "contoso.test";
    EXPECT_EQ(Shown(SecurityFor(policy, mx, "")), row.by_mx) << row.fact;
    Route smart;
    smart.dns_routing = false;
    smart.domain = "relay.test,[192.0.2.1]";
    EXPECT_EQ(Shown(SecurityFor(policy, smart, "relay.test")), row.by_smart_host) << row.fact;
  }
}

TEST(SecurityTest, RequireTlsAddsWhatTheConnectorDoesNotDemand) {
  using Policy = ConnectorPolicy;

  struct Row {
    std::string_view fact;
    std::function<void(Policy&)> set;
    std::string_view demanded;
  };

  const Row rows[] = {
      {"nothing", [](Policy&) {}, "required chain mx1.contoso.test"},
      {"IgnoreSTARTTLS", [](Policy& p) { p.ignore_start_tls = true; },
       "required chain mx1.contoso.test"},
      {"RequireTLS", [](Policy& p) { p.require_tls = true; }, "required chain mx1.contoso.test"},
      {"CertificateValidation",
       [](Policy& p) { p.tls_auth_level = TlsAuthLevel::kCertificateValidation; },
       "required chain mx1.contoso.test"},
      {"DomainValidation", [](Policy& p) { p.tls_auth_level = TlsAuthLevel::kDomainValidation; },
       "required chain contoso.test"},
  };
  for (const Row& row : rows) {
    Policy policy;
    row.set(policy);
    Route mx;
    mx.domain = "contoso.test";
    Security security = SecurityFor(policy, mx, "");
    DemandRequireTls("mx1.contoso.test", security);
    EXPECT_EQ(Shown(security), row.demanded) << row.fact;
  }
  Security literal;
  DemandRequireTls("[192.0.2.1]", literal);
  EXPECT_EQ(Shown(literal), "required chain 192.0.2.1");
}

TEST(SecurityTest, AnAddressIsLookedForAsOne) {
  ConnectorPolicy policy;
  policy.auth = SmartHostAuth::kBasicAuthRequireTls;
  Route smart;
  smart.dns_routing = false;
  EXPECT_EQ(Shown(SecurityFor(policy, smart, "[192.0.2.1]")), "required chain 192.0.2.1");
  EXPECT_EQ(Shown(SecurityFor(policy, smart, "[IPv6:2001:db8::1]")), "required chain 2001:db8::1");
}

TEST(SecurityTest, APrincipalIsWhatWasProved) {
  TlsFacts verified;
  verified.verified = true;
  const std::optional<TlsFacts> kNothing;
  const std::optional<TlsFacts> kEncrypted = TlsFacts();
  const std::optional<TlsFacts> kVerified = verified;

  struct Row {
    std::function<void(ConnectorPolicy&)> set;
    Principal in_clear, encrypted, verified;
  };

  using P = Principal;
  const Row rows[] = {
      {[](ConnectorPolicy&) {}, P::kAnonymous, P::kAnonymous, P::kAnonymous},
      {[](ConnectorPolicy& p) { p.tls_auth_level = TlsAuthLevel::kCertificateValidation; },
       P::kAnonymous, P::kAnonymous, P::kAnonymous},
      {[](ConnectorPolicy& p) { p.tls_auth_level = TlsAuthLevel::kDomainValidation; },
       P::kAnonymous, P::kAnonymous, P::kPartner},
      {[](ConnectorPolicy& p) { p.domain_secure = true; }, P::kAnonymous, P::kAnonymous,
       P::kPartner},
      {[](ConnectorPolicy& p) { p.auth = SmartHostAuth::kExchangeServer; }, P::kAnonymous,
       P::kAnonymous, P::kExchange},
      {[](ConnectorPolicy& p) { p.auth = SmartHostAuth::kBasicAuthRequireTls; }, P::kAnonymous,
       P::kAnonymous, P::kAnonymous},
      {[](ConnectorPolicy& p) { p.auth = SmartHostAuth::kExternalAuthoritative; },
       P::kExternallySecured, P::kExternallySecured, P::kExternallySecured},
  };
  for (const Row& row : rows) {
    ConnectorPolicy policy;
    row.set(policy);
    EXPECT_EQ(PrincipalOf(policy, kNothing), row.in_clear);
    EXPECT_EQ(PrincipalOf(policy, kEncrypted), row.encrypted);
    EXPECT_EQ(PrincipalOf(policy, kVerified), row.verified);
  }
}

class CertificateForTest : public ::testing::Test {
 protected:
  CertificateForTest() {
    for (const char* host : {"mbx.a.test", "out.a.test"}) {
      const auto files = ca_.Issue(testing::ForHost(host));
      const std::string name = base::Cat(ca_.folder(), "/", host);
      std::filesystem::rename(files.certificate_file, name + ".crt");
      std::filesystem::rename(files.key_file, name + ".key");
    }
    store_ = std::make_unique<tls::CertificateStore>(ca_.folder());
  }

  std::string Subject(const ConnectorPolicy& policy) {
    const auto found = CertificateFor(policy, "mbx.a.test", store_.get(), absl::Now());
    if (!found.ok()) return std::string(found.status().message());
    return *found == nullptr ? "none" : (*found)->facts.subject;
  }

  testing::CertificateAuthority ca_{"CA"};
  std::unique_ptr<tls::CertificateStore> store_;
};

TEST_F(CertificateForTest, ByNameThenByFqdnThenByOurOwn) {
  ConnectorPolicy policy;
  EXPECT_EQ(Subject(policy), "CN=mbx.a.test");
  policy.fqdn = "out.a.test";
  EXPECT_EQ(Subject(policy), "CN=out.a.test");
  policy.fqdn = "other.a.test";
  EXPECT_EQ(Subject(policy), "none");
  policy.tls_certificate_name = "<I>CN=CA<S>CN=mbx.a.test";
  EXPECT_EQ(Subject(policy), "CN=mbx.a.test");
  policy.tls_certificate_name = "<I>CN=CA<S>CN=gone.a.test";
  EXPECT_THAT(Subject(policy), HasSubstr("The certificate specified in TlsCertificateName"));
  policy.ignore_start_tls = true;
  EXPECT_EQ(Subject(policy), "none") << "without TLS none is needed";
}

TEST_F(CertificateForTest, MutualTlsNeedsOne) {
  for (const bool domain : {true, false}) {
    ConnectorPolicy policy;
    policy.domain_secure = domain;
    if (!domain) policy.auth = SmartHostAuth::kExchangeServer;
    EXPECT_EQ(Subject(policy), "CN=mbx.a.test");
    policy.fqdn = "other.a.test";
    EXPECT_THAT(Subject(policy), HasSubstr("mutual TLS needs a certificate of ours: there is none "
                                           "for other.a.test"));
    EXPECT_TRUE(
        absl::IsNotFound(CertificateFor(policy, "mbx.a.test", nullptr, absl::Now()).status()));
  }
}

}  // namespace
}  // namespace postern::smtp
