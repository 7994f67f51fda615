#include "services/mailbox-transport/deliver/tls_feed.h"

#include <string>
#include <utility>

#include "common/io/endpoint.h"
#include "common/mail/domain.h"
#include "common/tls/tls_result.h"

namespace postern::deliver {

namespace {

using smtp::HostTried;
using smtp::Outcome;
using smtp::PolicySource;
using smtp::TlsPolicyType;
using smtp::TlsPolicyUsed;

TlsPolicyUsed StsPolicyOf(const Outcome& outcome, const std::optional<smtp::KnownSts>& sts) {
  TlsPolicyUsed used;
  used.domain = outcome.tls_policy_domain;
  used.type = TlsPolicyType::kSts;
  if (!sts.has_value() || sts->policy.mode == mail::StsMode::kNone) return used;
  used.strings = mail::StsPolicyLines(sts->policy);
  used.mx = sts->policy.mx;
  return used;
}

TlsPolicyUsed PolicyOfHost(const Outcome& outcome,
                           const std::optional<smtp::KnownSts>& sts,
                           const HostTried& tried) {
  if (tried.policy == PolicySource::kSts || tried.sts_testing) return StsPolicyOf(outcome, sts);
  TlsPolicyUsed used;
  const std::string& domain = outcome.tls_policy_domain;
  used.domain = domain.empty() ? tried.host : domain;
  if (tried.policy != PolicySource::kDane) return used;
  used.type = TlsPolicyType::kTlsa;
  used.domain = tried.tlsa_base;
  used.strings = tried.tlsa;
  return used;
}

// A smart host that is an address has no domain that could be told.
bool IsDomain(const std::string& name) {
  return !name.empty() && !mail::IsAddressLiteral(name) && !io::IpAddress::Parse(name).ok();
}

std::size_t Index(TlsPolicyType type) {
  return static_cast<std::size_t>(type);
}

std::size_t Index(smtp::TlsResult result) {
  return static_cast<std::size_t>(result);
}

}  // namespace

TlsFeed::TlsFeed(smtp::TlsReports& reports, observe::Registry& registry) : reports_(reports) {
  for (std::size_t type = 0; type < kTypes; ++type) {
    const std::string policy(smtp::TlsPolicyTypeName(static_cast<TlsPolicyType>(type)));
    const auto counter = [&](std::string_view result) {
      return &registry.AddCounter("postern_deliver_tls_sessions_total",
                                  "TLS sessions with hosts outside, by policy and result, as a "
                                  "report of RFC 8460 has them.",
                                  {{"policy", policy}, {"result", std::string(result)}});
    };
    successes_[type] = counter(tls::kSuccessful);
    for (std::size_t result = 0; result < smtp::kTlsResults; ++result)
      failures_[type][result] = counter(smtp::TlsResultName(static_cast<smtp::TlsResult>(result)));
  }
}

void TlsFeed::Fail(const TlsPolicyUsed& policy, const smtp::TlsFailure& failure) {
  failures_[Index(policy.type)][Index(failure.result)]->Add();
  reports_.NoteFailure(policy, failure);
}

void TlsFeed::NoteSession(const TlsPolicyUsed& policy, const HostTried& tried) {
  if (!IsDomain(policy.domain)) return;
  if (tried.tls_result == tls::kSuccessful) {
    successes_[Index(policy.type)]->Add();
    return reports_.NoteSuccess(policy);
  }
  const auto result = smtp::TlsResultNamed(tried.tls_result);
  if (!result.has_value()) return;
  smtp::TlsFailure failure;
  failure.result = *result;
  failure.receiving_mx = tried.host;
  const auto address = io::Endpoint::Parse(tried.address);
  if (address.ok()) failure.receiving_ip = address->address.ToString();
  failure.sending_ip = tried.sending_ip;
  Fail(policy, failure);
}

void TlsFeed::Note(const Outcome& outcome, const std::optional<smtp::KnownSts>& known) {
  const std::optional<smtp::KnownSts>& sts = outcome.sts.has_value() ? outcome.sts : known;
  bool opened = false;
  for (const HostTried& tried : outcome.hosts) {
    if (tried.tls_result.empty()) continue;
    opened = true;
    NoteSession(PolicyOfHost(outcome, sts, tried), tried);
  }
  const auto missing = smtp::TlsResultNamed(outcome.sts_result);
  if (!opened || !missing.has_value() || !IsDomain(outcome.tls_policy_domain)) return;
  smtp::TlsFailure failure;
  failure.result = *missing;
  Fail(StsPolicyOf(outcome, sts), failure);
}

}  // namespace postern::deliver
