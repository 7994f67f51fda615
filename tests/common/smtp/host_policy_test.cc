#include "common/smtp/host_policy.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/support/state_table.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

dns::Host HostNamed(std::string name) {
  dns::Host host;
  host.name = std::move(name);
  return host;
}

DaneAnswer Dane(DaneState state) {
  DaneAnswer answer;
  answer.state = state;
  if (state == DaneState::kNone) return answer;
  answer.base = "mx.example.test";
  dns::TlsaRecord record;
  record.usage = 3;
  record.selector = 1;
  record.matching = 1;
  record.data = std::string(32, 'x');
  if (state == DaneState::kUsable) answer.records.push_back(record);
  if (state == DaneState::kError) answer.error = absl::UnavailableError("dns tlsa: servfail");
  return answer;
}

std::optional<KnownSts> Sts(std::string_view mode) {
  if (mode == "-") return std::nullopt;
  KnownSts known;
  known.domain = "example.test";
  known.policy.mode = mode == "none"      ? mail::StsMode::kNone
                      : mode == "testing" ? mail::StsMode::kTesting
                                          : mail::StsMode::kEnforce;
  known.policy.mx = {mode == "enforce, other host" ? "mx.other.test" : "*.example.test"};
  return known;
}

// The connectors of the table.
ConnectorPolicy Connector(std::string_view text) {
  ConnectorPolicy policy;
  policy.require_tls = text == "RequireTLS" || text == "DomainValidation";
  if (text == "DomainValidation") policy.tls_auth_level = TlsAuthLevel::kDomainValidation;
  policy.ignore_start_tls = text.starts_with("IgnoreSTARTTLS");
  policy.allow_policy_override = text == "IgnoreSTARTTLS, AllowPolicyOverride";
  return policy;
}

// "TLS, chain, mx.example.test", "clear", "not used: 4.4.3".
std::string Shown(const HostPolicy& policy) {
  if (!policy.usable()) {
    return base::Cat("not used, ", policy.enhanced.ToString(), ", by ", NameOf(policy.source));
  }
  std::string shown;
  switch (policy.security.tls) {
    case TlsUse::kNever:
      shown = "clear";
      break;
    case TlsUse::kOpportunistic:
      shown = "TLS if offered";
      break;
    case TlsUse::kRequired:
      shown = "TLS";
      break;
  }
  const tls::Demand& demand = policy.security.demand;
  if (demand.chain) shown += ", chain";
  for (const std::string& name : demand.names)
    shown += ", " + name;
  if (!demand.dane.empty()) shown += ", TLSA record";
  if (policy.sts_testing) shown += "; reported";
  return base::Cat(shown, ", by ", NameOf(policy.source));
}

struct Row {
  std::string_view connector;
  DaneState dane;
  std::string_view sts;
  std::string_view result;
};

constexpr DaneState kNone = DaneState::kNone;
constexpr DaneState kUsable = DaneState::kUsable;
constexpr DaneState kUnusable = DaneState::kUnusable;
constexpr DaneState kError = DaneState::kError;

constexpr Row kRows[] = {
    {"-", kNone, "-", "TLS if offered, by connector"},
    {"-", kNone, "none", "TLS if offered, by connector"},
    {"-", kNone, "testing", "TLS if offered; reported, by connector"},
    {"-", kNone, "enforce", "TLS, chain, mx.example.test, by MTA-STS"},
    {"-", kNone, "enforce, other host", "not used, 4.7.5, by MTA-STS"},
    {"-", kUsable, "-", "TLS, TLSA record, by DANE"},
    {"-", kUsable, "testing", "TLS, TLSA record, by DANE"},
    {"-", kUsable, "enforce", "TLS, TLSA record, by DANE"},
    {"-", kUsable, "enforce, other host", "TLS, TLSA record, by DANE"},
    {"-", kUnusable, "-", "TLS, by DANE"},
    {"-", kUnusable, "testing", "TLS, by DANE"},
    {"-", kUnusable, "enforce", "TLS, chain, mx.example.test, by MTA-STS"},
    {"-", kUnusable, "enforce, other host", "not used, 4.7.5, by MTA-STS"},
    {"-", kError, "-", "not used, 4.4.3, by DANE"},
    {"-", kError, "enforce", "not used, 4.4.3, by DANE"},
    {"RequireTLS", kNone, "-", "TLS, by connector"},
    {"RequireTLS", kNone, "testing", "TLS; reported, by connector"},
    {"RequireTLS", kNone, "enforce", "TLS, chain, mx.example.test, by MTA-STS"},
    {"RequireTLS", kUsable, "-", "TLS, TLSA record, by DANE"},
    {"RequireTLS", kUnusable, "-", "TLS, by DANE"},
    {"RequireTLS", kError, "-", "not used, 4.4.3, by DANE"},
    {"DomainValidation", kNone, "-", "TLS, chain, example.test, by connector"},
    {"DomainValidation", kNone, "enforce", "TLS, chain, example.test, mx.example.test, by MTA-STS"},
    {"DomainValidation", kUsable, "-", "TLS, chain, example.test, TLSA record, by DANE"},
    {"DomainValidation", kUnusable, "-", "TLS, chain, example.test, by DANE"},
    {"DomainValidation", kError, "-", "not used, 4.4.3, by DANE"},
    {"IgnoreSTARTTLS", kNone, "-", "clear, by connector"},
    {"IgnoreSTARTTLS", kNone, "testing", "clear; reported, by connector"},
    {"IgnoreSTARTTLS", kNone, "enforce", "not used, 4.7.4, by MTA-STS"},
    {"IgnoreSTARTTLS", kUsable, "-", "not used, 4.7.4, by DANE"},
    {"IgnoreSTARTTLS", kUnusable, "-", "not used, 4.7.4, by DANE"},
    {"IgnoreSTARTTLS", kError, "-", "not used, 4.4.3, by DANE"},
    {"IgnoreSTARTTLS, AllowPolicyOverride", kNone, "enforce", "clear, by connector"},
    {"IgnoreSTARTTLS, AllowPolicyOverride", kUsable, "-", "clear, by connector"},
    {"IgnoreSTARTTLS, AllowPolicyOverride", kError, "-", "clear, by connector"},
};

TEST(HostPolicyTest, StateTableOfWhatIsDemanded) {
  testing::StateTable page(
      "policy-states", "What a host must prove",
      "The connector is a floor: DANE (RFC 7672) and MTA-STS (RFC 8461) only make it stricter. A "
      "host that is\n\"not used\" gets nothing; the next one is asked, and without one the mail "
      "waits with the reason in LastError.\nThe host is `mx.example.test`, the domain "
      "`example.test`.",
      {"Connector", "TLSA records", "MTA-STS", "Demanded"});
  const dns::Host host = HostNamed("mx.example.test");
  for (const Row& row : kRows) {
    const ConnectorPolicy connector = Connector(row.connector);
    Route route;
    route.domain = "example.test";
    HostFindings findings{host, "example.test", Dane(row.dane), Sts(row.sts)};
    const HostPolicy policy =
        DecideHost(connector, SecurityFor(connector, route, ""), std::move(findings));
    EXPECT_EQ(Shown(policy), row.result) << row.connector << ", " << row.sts;
    page.Row({std::string(row.connector), std::string(NameOf(row.dane)), std::string(row.sts),
              std::string(row.result)});
  }
}

TEST(HostPolicyTest, ACertificateBelowATlsaAuthorityMayBeForAnyOfTheNames) {
  const dns::Host host = HostNamed("alias.example.test");
  HostFindings findings{host, "example.test", Dane(kUsable), std::nullopt};
  const HostPolicy policy = DecideHost(ConnectorPolicy(), Security(), std::move(findings));
  EXPECT_THAT(policy.security.demand.dane_names,
              ElementsAre("mx.example.test", "alias.example.test", "example.test"));
  EXPECT_EQ(policy.server_name, "mx.example.test");
}

TEST(HostPolicyTest, ASmartHostHasNoDomainAndNoDoubleNames) {
  const dns::Host host = HostNamed("mx.example.test");
  HostFindings findings{host, "", Dane(kUsable), std::nullopt};
  const HostPolicy policy = DecideHost(ConnectorPolicy(), Security(), std::move(findings));
  EXPECT_THAT(policy.security.demand.dane_names, ElementsAre("mx.example.test"));
}

TEST(HostPolicyTest, TheReasonSaysWhatToDo) {
  const dns::Host host = HostNamed("mx.example.test");
  const ConnectorPolicy connector = Connector("IgnoreSTARTTLS");
  Security floor;
  floor.tls = TlsUse::kNever;
  HostFindings findings{host, "example.test", Dane(kUsable), std::nullopt};
  const HostPolicy policy = DecideHost(connector, floor, std::move(findings));
  EXPECT_THAT(std::string(policy.why.message()), HasSubstr("AllowPolicyOverride"));
  EXPECT_EQ(policy.origin, Origin::kTlsPolicy);
  EXPECT_THAT(policy.security.demand.dane, IsEmpty());
}

TEST(HostPolicyTest, AStoppedLookupIsOurs) {
  const dns::Host host = HostNamed("mx.example.test");
  DaneAnswer dane = Dane(kError);
  dane.error = absl::CancelledError("stopping");
  HostFindings findings{host, "example.test", std::move(dane), std::nullopt};
  EXPECT_EQ(DecideHost(ConnectorPolicy(), Security(), std::move(findings)).origin, Origin::kLocal);
}

}  // namespace
}  // namespace postern::smtp
