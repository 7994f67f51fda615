#include "common/smtp/attempt.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"

namespace postern::smtp {

namespace {

constexpr mail::EnhancedStatus kNoAnswer{4, 4, 1};
constexpr mail::EnhancedStatus kExpired{4, 4, 7};
constexpr mail::EnhancedStatus kSystemBusy{4, 3, 2};
constexpr mail::EnhancedStatus kBadAddress{5, 1, 3};
constexpr mail::EnhancedStatus kNoCertificate{4, 7, 5};
constexpr mail::EnhancedStatus kNoCredential{4, 7, 0};
constexpr mail::EnhancedStatus kNoContent{4, 3, 0};

// A session that has just served is taken for alive; one that rested longer may be closed by the
// peer at this moment, so the content is not sent beside the envelope.
constexpr absl::Duration kSurelyAlive = absl::Seconds(1);

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// A name without a dot means nothing outside, and many servers refuse it: then the address is said
// (RFC 5321 §4.1.4).
std::string HelloName(const std::string& host_name, const io::IpAddress& local) {
  if (host_name.find('.') != std::string::npos || host_name.starts_with('[')) return host_name;
  return base::Cat(local.is_v4() ? "[" : "[IPv6:", local.ToString(), "]");
}

// "SendRoutingHeaders", as Exchange's protocol log names what a session may be sent.
std::string RightsOf(const mail::FirewallRules& rules) {
  std::string rights;
  if (rules.rights.organization) rights += " SendOrganizationHeaders";
  if (rules.rights.forest) rights += " SendForestHeaders";
  if (rules.rights.routing) rights += " SendRoutingHeaders";
  return rights.empty() ? "None" : rights.substr(1);
}

std::uint32_t Milliseconds(absl::Duration span) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(absl::ToInt64Milliseconds(span), 0, UINT32_MAX));
}

}  // namespace

Attempt::Attempt(AttemptParts parts, const Delivery& delivery, BodySource& body)
    : parts_(parts),
      delivery_(delivery),
      content_(body),
      started_(absl::Now()),
      end_by_(started_ + delivery.deadline),
      require_tls_(delivery.envelope.require_tls) {
  const std::size_t count = delivery.envelope.recipients.size();
  outcome_.recipients.resize(count);
  pending_.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    pending_.push_back(i);
}

io::Task<Outcome> Attempt::Run() {
  parts_.counters.attempts.Add();
  // Nothing may end a command line early; accept and the wire refuse it too.
  for (const std::size_t i : std::vector<std::size_t>(pending_)) {
    if (!HasControl(delivery_.envelope.recipients[i].address) &&
        !HasControl(delivery_.envelope.sender)) {
      continue;
    }
    Decide(i, Origin::kLocal, absl::InvalidArgumentError("an address holds a control character"),
           kBadAddress);
  }
  if (parts_.stopping) {
    NoteLeft(Origin::kLocal, absl::CancelledError("stopping"), kSystemBusy);
    stopped_ = true;
  }
  bool provided = false;
  if (!over()) provided = co_await Provide();
  if (provided) {
    const dns::HostsAnswer answer = co_await LookUp();
    if (answer.ok()) {
      co_await TryHosts(answer.hosts);
      if (YieldsRequireTls()) {
        require_tls_ = false;
        co_await TryHosts(answer.hosts);
      }
    } else {
      NoteLookup(answer);
    }
  }
  outcome_.total_ms = Milliseconds(absl::Now() - started_);
  co_return std::move(outcome_);
}

io::Task<bool> Attempt::Provide() {
  const ConnectorPolicy& policy = delivery_.policy;
  const EngineStores& stores = parts_.parts.stores;
  auto certificate =
      CertificateFor(policy, parts_.parts.host_name, stores.certificates, absl::Now());
  if (!certificate.ok()) {
    NoteMissing(certificate.status(), kNoCertificate);
    co_return false;
  }
  certificate_ = *std::move(certificate);
  if (!policy.needs_credential()) co_return true;
  absl::StatusOr<CredentialPtr> credential = absl::NotFoundError(
      base::Cat("secret ", policy.credential, ": there is no folder of secrets"));
  if (stores.credentials != nullptr) {
    credential = co_await stores.credentials->Find(policy.credential);
  }
  if (!credential.ok()) {
    NoteMissing(credential.status(), kNoCredential);
    co_return false;
  }
  credential_ = *std::move(credential);
  co_return true;
}

// Names the server on which it is missing: it may be a front end.
void Attempt::NoteMissing(const absl::Status& what, mail::EnhancedStatus enhanced) {
  NoteLeft(Origin::kTlsPolicy,
           base::Error(what.code(), base::MessageOf(what), ", on ", parts_.parts.host_name),
           enhanced);
}

io::Task<dns::HostsAnswer> Attempt::LookUp() {
  base::Random& random = base::Random::System();
  const Engine::Parts& parts = parts_.parts;
  const bool external = delivery_.policy.external_dns && parts.external_resolver != nullptr;
  dns::Resolver& resolver = external ? *parts.external_resolver : parts.resolver;
  const dns::LookupRules& rules = parts.lookup;
  if (delivery_.route.dns_routing) {
    std::string domain = delivery_.route.domain;
    co_return co_await dns::HostsFor(resolver, random, rules, std::move(domain));
  }
  std::vector<std::string> smart_hosts = delivery_.route.smart_hosts;
  co_return co_await dns::HostsForSmartHosts(resolver, random, rules, std::move(smart_hosts));
}

io::Task<void> Attempt::TryHosts(const std::vector<dns::Host>& hosts) {
  const Limits& limits = parts_.parts.limits;
  const std::uint16_t port = delivery_.route.dns_routing ? limits.mx_port : delivery_.route.port;
  std::size_t tried = 0;
  for (const dns::Host& host : hosts) {
    for (const io::IpAddress& address : host.addresses) {
      if (OtherFamily(address)) continue;
      // What a dot went out for may be delivered: nobody else is asked to do it too.
      if (over() || outcome_.body_ended || tried++ == limits.hosts_max) co_return;
      if (TimeLeft() <= absl::ZeroDuration()) {
        NoteLeft(Origin::kConnect,
                 absl::DeadlineExceededError("the time for this attempt has passed"), kExpired);
        co_return;
      }
      io::Endpoint endpoint;
      endpoint.address = address;
      endpoint.port = port;
      co_await TryAddress(host, endpoint);
    }
  }
  if (tried == 0) {
    NoteLeft(Origin::kConnect,
             base::Error(absl::StatusCode::kUnavailable, hosts.front().name,
                         ": no address is of the family of SourceIPAddress ",
                         delivery_.policy.source_address->ToString()),
             kNoAnswer);
  }
  NoteLacking(tried);
}

bool Attempt::OtherFamily(const io::IpAddress& address) const {
  const std::optional<io::IpAddress>& source = delivery_.policy.source_address;
  return source.has_value() && source->is_v4() != address.is_v4();
}

std::string Attempt::ProofFor(const Security& security) const {
  // Empty for nearly every delivery.
  std::string proof;
  for (const std::string& name : security.demand.names)
    proof += base::Cat(name, "\n");
  if (security.demand.chain) proof += base::Cat("trust ", parts_.parts.tls.version(), "\n");
  if (certificate_ != nullptr) proof += base::Cat("certificate ", certificate_->version, "\n");
  if (credential_ != nullptr) proof += base::Cat("secret ", credential_->version, "\n");
  return proof;
}

io::Task<void> Attempt::TryAddress(const dns::Host& host, const io::Endpoint& address) {
  HostTried record;
  record.host = host.name;
  record.address = address.ToString();
  record.stage = Stage::kConnect;
  outcome_.hosts.push_back(std::move(record));

  const absl::Time patience = std::min(end_by_, absl::Now() + parts_.parts.limits.connect);
  Security security = SecurityFor(delivery_.policy, delivery_.route, host.smart_host);
  if (require_tls_) {
    DemandRequireTls(host.smart_host.empty() ? host.name : host.smart_host, security);
  }
  const SessionKey key{host.name, address, delivery_.policy, ProofFor(security)};
  Next next = Next::kAgain;
  while (next == Next::kAgain && !over()) {
    std::unique_ptr<PooledSession> pooled = parts_.pool.Take(key, absl::Now());
    const bool reused = pooled != nullptr;
    if (!reused) pooled = parts_.pool.Open(key);
    if (pooled == nullptr) {
      const absl::Status waited = co_await parts_.pool.freed().Until(patience - absl::Now());
      if (waited.ok()) continue;
      const bool cancelled = absl::IsCancelled(waited);
      Tried().error = cancelled ? waited : absl::ResourceExhaustedError("all sessions are in use");
      NoteLeft(Origin::kLocal, Tried().error, kSystemBusy);
      stopped_ = cancelled;
      co_return;
    }
    if (!reused) co_await Connect(pooled, security);
    if (pooled == nullptr) co_return;
    next = co_await Converse(std::move(pooled), reused);
  }
}

io::Task<absl::StatusOr<std::unique_ptr<io::Stream>>> Attempt::Dial(const io::Endpoint& address) {
  const Engine::Parts& parts = parts_.parts;
  const absl::Time dialed = absl::Now();
  const absl::Duration timeout = std::min(parts.limits.connect, TimeLeft());
  absl::StatusOr<std::unique_ptr<io::Stream>> stream =
      co_await parts.dialer.Dial(address, delivery_.policy.source_address, timeout);
  outcome_.connect_ms = Milliseconds(absl::Now() - dialed);
  (stream.ok() ? parts_.counters.connections : parts_.counters.connection_failures).Add();
  co_return stream;
}

io::Task<std::optional<Refusal>> Attempt::Greet(PooledSession& pooled, Security security) {
  const Engine::Parts& parts = parts_.parts;
  const ConnectorPolicy& policy = delivery_.policy;
  std::unique_ptr<SessionLog> log;
  if (policy.protocol_log && parts.stores.protocol_log != nullptr) {
    log = parts.stores.protocol_log->Begin(policy.connector, pooled.address);
  }
  absl::StatusOr<std::unique_ptr<io::Stream>> stream = co_await Dial(pooled.address);
  if (!stream.ok()) {
    if (log != nullptr) log->Note(base::MessageOf(stream.status()), "failed to connect");
    Refusal refusal = Refusal::BrokenAt(Stage::kConnect, stream.status());
    refusal.enhanced = kNoAnswer;
    co_return refusal;
  }
  HelloPolicy hello;
  hello.name = policy.fqdn;
  if (hello.name.empty()) hello.name = HelloName(parts.host_name, (*stream)->local().address);
  pooled.session = std::make_unique<Session>(*std::move(stream), parts.limits, std::move(log));
  pooled.session->EndBy(end_by_);
  // An address is no name for SNI (RFC 6066 §3).
  const bool literal = pooled.host.starts_with('[') || io::IpAddress::Parse(pooled.host).ok();
  if (!literal) hello.server_name = pooled.host;
  hello.security = std::move(security);
  hello.certificate = certificate_;
  hello.credential = credential_;
  hello.force_helo = policy.force_helo;
  std::optional<Refusal> refused = co_await pooled.session->Hello(hello, parts.tls);
  if (pooled.session->tls().has_value()) parts_.counters.tls_sessions.Add();
  if (!refused.has_value() && pooled.session->log() != nullptr) {
    const Principal principal = PrincipalOf(policy, pooled.session->tls());
    pooled.session->log()->Note(RightsOf(policy.FirewallFor(principal)),
                                base::Cat("Set Session Permissions of ", NameOf(principal)));
  }
  co_return refused;
}

io::Task<void> Attempt::Connect(std::unique_ptr<PooledSession>& pooled, Security security) {
  // A password never goes out in clear to a host that offers TLS, however broken.
  const bool may_fall_back = security.tls == TlsUse::kOpportunistic && credential_ == nullptr;
  Security in_clear;
  in_clear.tls = TlsUse::kNever;
  if (may_fall_back && parts_.clear_hosts.Contains(pooled->address, absl::Now())) {
    security = in_clear;
  }
  const bool encrypted = security.tls != TlsUse::kNever;

  std::optional<Refusal> refused = co_await Greet(*pooled, std::move(security));
  if (refused.has_value() && refused->handshake_failed && may_fall_back && encrypted) {
    parts_.clear_hosts.Remember(pooled->address, absl::Now());
    parts_.counters.tls_fallbacks.Add();
    pooled->session.reset();
    // The failed handshake has its own line in the list of hosts.
    HostTried clear = Tried();
    Tried().stage = Stage::kTls;
    Tried().error = refused->error;
    outcome_.hosts.push_back(std::move(clear));
    refused = co_await Greet(*pooled, std::move(in_clear));
  }
  if (!refused.has_value()) co_return;
  NoteRefusal(*refused);
  if (pooled->session != nullptr) pooled->session->Quit();
  pooled.reset();
}

io::Task<bool> Attempt::Obey(const Session& session) {
  const ConnectorPolicy& policy = delivery_.policy;
  const mail::FirewallRules rules = policy.FirewallFor(PrincipalOf(policy, session.tls()));
  const absl::Status obeyed = co_await content_.Obey(rules);
  if (obeyed.ok()) co_return true;
  for (const std::size_t i : std::vector<std::size_t>(pending_))
    Decide(i, Origin::kLocal, obeyed, kNoContent);
  co_return false;
}

io::Task<Attempt::Next> Attempt::Converse(std::unique_ptr<PooledSession> pooled, bool reused) {
  Session& session = *pooled->session;
  session.EndBy(end_by_);
  outcome_.tls = session.tls();
  outcome_.keywords = session.capabilities().keywords;
  if (require_tls_ && !session.capabilities().require_tls) {
    NoteLack();
    parts_.pool.Put(std::move(pooled), absl::Now());  // other messages may go there
    co_return Next::kHost;
  }
  const std::uint64_t sent_before = session.bytes_sent();
  const bool beside = !reused || absl::Now() - pooled->idle_since < kSurelyAlive;
  bool first = true;
  bool same_host = true;
  std::vector<std::size_t> offered;
  while (same_host && session.usable() && !over() && !pooled->spent()) {
    const bool obeys = co_await Obey(session);
    if (obeys) DecideLocally(session.capabilities());
    if (over()) break;
    absl::Status reset;
    if (session.reset_due()) reset = co_await session.Reset();
    if (absl::IsUnavailable(reset) && reused && first) {
      parts_.counters.reused_sessions_lost.Add();
      co_return Next::kAgain;
    }
    if (!reset.ok()) {
      Transaction lost;
      lost.recipients.resize(pending_.size());
      lost.error = reset;
      NoteTransaction(lost);
      same_host = Record(lost, pending_);
      break;
    }

    const std::size_t count =
        std::min(pending_.size(), parts_.parts.limits.recipients_per_transaction_max);
    offered.assign(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
    const Offer offer{delivery_.envelope, offered, content_.size(), delivery_.eight_bit,
                      require_tls_};
    const Transaction transaction = co_await session.Send(offer, content_, beside || !first);
    ++pooled->messages;
    parts_.counters.transactions.Add();
    const bool closed = transaction.mail.has_value() && transaction.mail->code == 421;
    const bool lost = !transaction.answered() && absl::IsUnavailable(transaction.error);
    if (reused && first && (closed || lost) && !transaction.body_ended) {
      // The peer had closed it before we came, or takes no more on it: as if it had not been there.
      parts_.counters.reused_sessions_lost.Add();
      co_return Next::kAgain;
    }
    if (first && reused) {
      parts_.counters.sessions_reused.Add();
      outcome_.session_reused = true;
    }
    first = false;
    NoteTransaction(transaction);
    same_host = Record(transaction, offered);
  }
  outcome_.bytes_sent += session.bytes_sent() - sent_before;
  parts_.counters.bytes_sent.Add(session.bytes_sent() - sent_before);
  const bool again = same_host && !over();
  parts_.pool.Put(std::move(pooled), absl::Now());
  co_return again ? Next::kAgain : Next::kHost;
}

}  // namespace postern::smtp
