// First rule that fits:
//
//   TLSA lookup failed                          the host is not used: an error is never "no record"
//   DANE or MTA-STS, and IgnoreSTARTTLS         waits; with AllowPolicyOverride: in clear
//   usable TLSA records                         TLS, the records match; MTA-STS is not asked
//   TLSA records, none usable                   TLS; MTA-STS may ask for more
//   MTA-STS enforce, host in no mx pattern      the host is not used
//   MTA-STS enforce                             TLS, chain and host name
//   MTA-STS testing, none; nothing published    the connector alone
//
// What the connector demands is demanded beside all of these.
#include "common/smtp/host_policy.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/mail/enhanced_status.h"
#include "common/mail/sts_policy.h"

namespace postern::smtp {

namespace {

HostPolicy NotUsable(PolicySource source, absl::Status why, mail::EnhancedStatus enhanced) {
  HostPolicy policy;
  policy.source = source;
  policy.why = std::move(why);
  policy.enhanced = enhanced;
  return policy;
}

bool Enforces(const std::optional<KnownSts>& sts) {
  return sts.has_value() && sts->policy.mode == mail::StsMode::kEnforce;
}

void AddName(std::vector<std::string>& names, std::string_view name) {
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
  names.emplace_back(name);
}

std::vector<std::string> TextsOf(const std::vector<dns::TlsaRecord>& records) {
  std::vector<std::string> texts;
  for (const dns::TlsaRecord& record : records) {
    texts.push_back(base::Cat(
        static_cast<int>(record.usage), " ", static_cast<int>(record.selector), " ",
        static_cast<int>(record.matching), " ", base::LowerAscii(base::Hex(record.data))));
  }
  return texts;
}

void DemandRecords(HostFindings& findings, HostPolicy& policy) {
  policy.source = PolicySource::kDane;
  policy.tlsa = TextsOf(findings.dane.records);
  policy.security.tls = TlsUse::kRequired;
  policy.security.demand.dane = AnchorsOf(findings.dane.records);
  // RFC 7672 §3.2.2: each is a name that the certificate may be for.
  std::vector<std::string>& names = policy.security.demand.dane_names;
  AddName(names, findings.dane.base);
  AddName(names, findings.host.name);
  AddName(names, findings.domain);
  policy.server_name = findings.dane.base;
}

}  // namespace

HostPolicy DecideHost(const ConnectorPolicy& connector, Security floor, HostFindings findings) {
  const DaneState dane = findings.dane.state;
  const bool sts = Enforces(findings.sts);
  HostPolicy policy;
  policy.security = std::move(floor);
  if (connector.overrides_policies()) return policy;
  policy.tlsa_base = findings.dane.base;
  if (dane == DaneState::kError) {
    HostPolicy none = NotUsable(PolicySource::kDane, findings.dane.error,
                                mail::transient::kDirectoryServerFailure);
    const bool cancelled = absl::IsCancelled(findings.dane.error);
    if (!cancelled) none.result = "dnssec-invalid";
    none.origin = cancelled ? Origin::kLocal : Origin::kDns;
    none.tlsa_base = findings.dane.base;
    return none;
  }
  const bool by_dane = dane == DaneState::kUsable || dane == DaneState::kUnusable;
  if ((by_dane || sts) && policy.security.tls == TlsUse::kNever) {
    const PolicySource source = by_dane ? PolicySource::kDane : PolicySource::kSts;
    return NotUsable(
        source,
        base::Error(absl::StatusCode::kFailedPrecondition, NameOf(source), " demands TLS of ",
                    findings.host.name, ", and the connector has IgnoreSTARTTLS: clear it, or set ",
                    "AllowPolicyOverride"),
        mail::transient::kSecurityFeaturesNotSupported);
  }
  if (dane == DaneState::kUsable) {
    DemandRecords(findings, policy);
    return policy;
  }
  if (dane == DaneState::kUnusable) {
    policy.source = PolicySource::kDane;
    policy.security.tls = TlsUse::kRequired;
    policy.result = "tlsa-invalid";
  }
  policy.sts_testing =
      !by_dane && findings.sts.has_value() && findings.sts->policy.mode == mail::StsMode::kTesting;
  if (policy.sts_testing && !mail::StsMatches(findings.sts->policy, findings.host.name)) {
    policy.result = "validation-failure";
  }
  if (!sts) return policy;
  if (!mail::StsMatches(findings.sts->policy, findings.host.name)) {
    HostPolicy stranger =
        NotUsable(PolicySource::kSts,
                  base::Error(absl::StatusCode::kFailedPrecondition, "the MTA-STS policy of ",
                              findings.domain, " does not name ", findings.host.name, "; it names ",
                              base::Join(findings.sts->policy.mx, ", ")),
                  mail::transient::kCryptographicFailure);
    stranger.result = "validation-failure";
    return stranger;
  }
  policy.source = PolicySource::kSts;
  policy.result = "";
  policy.security.tls = TlsUse::kRequired;
  policy.security.demand.chain = true;
  policy.security.demand.alternative_names = true;
  AddName(policy.security.demand.names, findings.host.name);
  policy.server_name = findings.host.name;
  return policy;
}

}  // namespace postern::smtp
