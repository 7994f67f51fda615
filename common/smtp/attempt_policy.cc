// What a host must prove is asked here, before it is dialled: the records that DNSSEC vouches for,
// the policy of the domain, and the connector below both.
#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/mail/domain.h"
#include "common/smtp/attempt.h"
#include "common/smtp/tls_report.h"
#include "common/tls/tls_result.h"

namespace postern::smtp {

void ShowPolicy(const HostPolicy& policy, HostTried& tried) {
  tried.policy = policy.source;
  tried.sts_testing = policy.sts_testing;
  if (policy.source != PolicySource::kDane) return;
  tried.tlsa_base = policy.tlsa_base;
  tried.tlsa = policy.tlsa;
}

dns::Resolver& Attempt::Resolver() const {
  const Engine::Parts& parts = parts_.parts;
  const bool external = delivery_.policy.external_dns && parts.external_resolver != nullptr;
  return external ? *parts.external_resolver : parts.resolver;
}

// The sender may say that delivery goes before security (RFC 8689 §5); the connector is not his.
bool Attempt::AsksPolicies() const {
  return !delivery_.envelope.tls_optional && !delivery_.policy.overrides_policies();
}

bool Attempt::TlsAtOnce(std::uint16_t port) const {
  const std::vector<std::uint16_t>& ports = parts_.parts.limits.implicit_tls_ports;
  return !delivery_.route.dns_routing && std::find(ports.begin(), ports.end(), port) != ports.end();
}

io::Task<void> Attempt::AskSts() {
  const Route& route = delivery_.route;
  if (!route.dns_routing || mail::IsAddressLiteral(route.domain)) co_return;
  outcome_.tls_policy_domain = route.domain;
  if (!AsksPolicies()) co_return;
  std::string domain = route.domain;
  std::optional<KnownSts> known = delivery_.sts;
  StsAnswer answer = co_await parts_.sts.For(Resolver(), std::move(domain), std::move(known));
  // Whoever handed nothing in has nothing.
  if (answer.fresh || !delivery_.sts.has_value()) outcome_.sts = answer.known;
  if (!answer.error.ok()) outcome_.sts_result = TlsResultName(TlsResultOfSts(answer.error));
  sts_ = std::move(answer.known);
}

io::Task<HostPolicy> Attempt::PolicyOf(const dns::Host& host, std::uint16_t port) {
  DaneAnswer dane;
  if (AsksPolicies() && parts_.parts.stores.dane) dane = co_await DaneFor(Resolver(), host, port);
  std::string_view domain;
  if (delivery_.route.dns_routing) domain = delivery_.route.domain;
  Security floor = SecurityFor(delivery_.policy, delivery_.route, host.smart_host);
  if (require_tls_ && dane.state == DaneState::kUsable) {
    floor.tls = TlsUse::kRequired;  // the records prove the host
  } else if (require_tls_) {
    DemandRequireTls(host.smart_host.empty() ? host.name : host.smart_host, floor);
  }
  if (TlsAtOnce(port)) {
    floor.tls = TlsUse::kRequired;
    floor.at_once = true;
  }
  HostFindings findings{host, domain, std::move(dane), sts_};
  co_return DecideHost(delivery_.policy, std::move(floor), std::move(findings));
}

std::string Attempt::ProofFor(const std::string& host, const HostPolicy& policy) const {
  // Empty for nearly every delivery.
  std::string proof;
  const tls::Demand& demand = policy.security.demand;
  const bool proves = demand.chain || !demand.names.empty() || !demand.dane.empty();
  // What this host proves, or is told in confidence, holds for no other name of its address.
  if (proves || policy.source != PolicySource::kConnector || credential_ != nullptr) {
    proof = base::Cat("of ", host, "\n");
  }
  // Each host sees one address of ours.
  if (!sources_.unbound()) proof += base::Cat("from ", sources_.ToString(), "\n");
  // A session in clear serves those only who would go in clear too.
  if (policy.source != PolicySource::kConnector) proof += "tls\n";
  for (const std::string& name : demand.names)
    proof += base::Cat(name, "\n");
  if (demand.alternative_names) proof += "alternative names\n";
  if (policy.security.at_once) proof += "tls at once\n";
  for (const tls::DaneAnchor& anchor : demand.dane) {
    proof +=
        base::Cat("tlsa ", static_cast<int>(anchor.usage), " ", static_cast<int>(anchor.selector),
                  " ", static_cast<int>(anchor.matching), " ", anchor.data, "\n");
  }
  if (!demand.dane.empty()) proof += base::Cat("for ", base::Join(demand.dane_names, " "), "\n");
  if (demand.chain) proof += base::Cat("trust ", parts_.parts.tls.version(), "\n");
  if (certificate_ != nullptr) proof += base::Cat("certificate ", certificate_->version, "\n");
  if (credential_ != nullptr) proof += base::Cat("secret ", credential_->version, "\n");
  return proof;
}

void Attempt::NoteTlsResult(const Session& session, const HostPolicy& policy, bool told) {
  std::string& result = Tried().tls_result;
  const bool secure = session.tls().has_value();
  if (!secure && !session.capabilities().starttls) {
    // Who says HELO only does not know what the host offers.
    if (!delivery_.policy.force_helo) result = TlsResultName(TlsResult::kStarttlsNotSupported);
  } else if (!secure) {
    if (!told) result = TlsResultName(TlsResult::kValidationFailure);
  } else if (!policy.result.empty()) {
    result = policy.result;
  } else {
    result = session.tls()->tried.empty() ? tls::kSuccessful : session.tls()->tried;
  }
}

// A host that its policy forbids: it gets nothing, and the next one is asked.
void Attempt::NoteForbidden(const dns::Host& host, const HostPolicy& policy) {
  HostTried tried;
  tried.host = host.name;
  tried.stage = Stage::kTls;
  tried.error = policy.why;
  ShowPolicy(policy, tried);
  tried.tls_result = policy.result;
  outcome_.hosts.push_back(std::move(tried));
  parts_.counters.security_refusals.Add();
  if (absl::IsCancelled(policy.why)) stopped_ = true;
  NoteLeft(policy.origin, base::Annotate(policy.why, host.name), policy.enhanced);
}

}  // namespace postern::smtp
