#include "common/smtp/attempt.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/mail/enhanced_status.h"
#include "common/smtp/portion.h"

namespace postern::smtp {

namespace {

// A session that has just served is taken for alive; one that rested longer may be closed by the
// peer at this moment, so the content is not sent beside the envelope.
constexpr absl::Duration kSurelyAlive = absl::Seconds(1);

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
  // Nothing may end a command line early; accept and the wire refuse it too.
  for (const std::size_t i : std::vector<std::size_t>(pending_)) {
    if (!base::HasControl(delivery_.envelope.recipients[i].address) &&
        !base::HasControl(delivery_.envelope.sender)) {
      continue;
    }
    Decide(i, Origin::kLocal, absl::InvalidArgumentError("an address holds a control character"),
           mail::permanent::kBadDestinationMailboxAddressSyntax);
  }
  if (parts_.stopping) {
    NoteLeft(Origin::kLocal, absl::CancelledError("stopping"),
             mail::transient::kSystemNotAcceptingNetworkMessages);
    stopped_ = true;
  }
  bool provided = false;
  if (!over()) provided = co_await Provide();
  if (provided) {
    dns::HostsAnswer answer = co_await LookUp();
    outcome_.mx_set = std::move(answer.mx_set);
    partial_ = answer.partial;
    if (answer.ok() && delivery_.admits) {
      const bool admitted = co_await delivery_.admits(outcome_.mx_set, answer.ttl);
      outcome_.put_off = !admitted;
    }
    if (answer.ok() && !outcome_.put_off) {
      co_await AskSts();
      std::vector<dns::Host> once_more;
      if (MayYieldRequireTls()) once_more = answer.hosts;
      co_await TryHosts(std::move(answer.hosts));
      if (YieldsRequireTls()) {
        require_tls_ = false;
        co_await TryHosts(std::move(once_more));
      }
    } else if (!outcome_.put_off) {
      NoteLookup(answer);
    }
  }
  // Of a domain that was not asked for its policy nothing can be reported.
  for (HostTried& tried : outcome_.hosts) {
    if (!AsksPolicies()) tried.tls_result.clear();
  }
  outcome_.total_ms = Milliseconds(absl::Now() - started_);
  co_return std::move(outcome_);
}

io::Task<bool> Attempt::Provide() {
  const ConnectorPolicy& policy = delivery_.policy;
  const EngineStores& stores = parts_.parts.stores;
  if (const absl::Status chosen = ChooseSources(delivery_.route.domain); !chosen.ok()) {
    NoteMissing(chosen, mail::transient::kNoAnswerFromHost);
    co_return false;
  }
  auto certificate =
      CertificateFor(policy, parts_.parts.host_name, stores.certificates, absl::Now());
  if (!certificate.ok()) {
    NoteMissing(certificate.status(), mail::transient::kCryptographicFailure);
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
    NoteMissing(credential.status(), mail::transient::kOtherSecurityStatus);
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
  const dns::LookupRules& rules = parts_.parts.lookup;
  if (delivery_.route.dns_routing) {
    std::string domain = delivery_.route.domain;
    co_return co_await dns::HostsFor(Resolver(), random, rules, std::move(domain));
  }
  std::vector<std::string> smart_hosts = delivery_.route.smart_hosts;
  co_return co_await dns::HostsForSmartHosts(Resolver(), random, rules, std::move(smart_hosts));
}

void Attempt::Order(std::vector<dns::Host>& hosts, std::uint16_t port) {
  const absl::Time now = absl::Now();
  for (dns::Host& host : hosts) {
    std::erase_if(host.addresses, [this](const auto& address) { return !sources_.Serve(address); });
    parts_.host_families.Order(host.name, host.addresses, now);
  }
  std::erase_if(hosts, [](const dns::Host& host) { return host.addresses.empty(); });
  parts_.unreached.Order(hosts, port, now);
}

io::Task<void> Attempt::TryHosts(std::vector<dns::Host> hosts) {
  const Limits& limits = parts_.parts.limits;
  const std::uint16_t port = delivery_.route.dns_routing ? limits.mx_port : delivery_.route.port;
  const std::string best = hosts.front().name;
  Order(hosts, port);
  std::size_t tried = 0;
  for (dns::Host& host : hosts) {
    // What a dot went out for may be delivered: nobody else is asked to do it too.
    if (over() || outcome_.body_ended) co_return;
    const std::size_t room = limits.hosts_max - tried;
    if (host.addresses.size() > room) outcome_.hosts_left = true;
    if (room == 0) break;
    host.addresses.resize(std::min(host.addresses.size(), room));
    tried += host.addresses.size();
    HostTrial trial(host, port);
    co_await TryHost(trial);
  }
  if (tried == 0) {
    NoteLeft(Origin::kConnect,
             base::Error(absl::StatusCode::kUnavailable, best,
                         ": no address is of the family of SourceIPAddress ", sources_.ToString()),
             mail::transient::kNoAnswerFromHost);
  }
  NoteLacking(tried);
}

absl::Status Attempt::ChooseSources(std::string_view host) {
  const ConnectorPolicy& policy = delivery_.policy;
  if (policy.source_address.has_value()) {
    sources_ = Sources::Of(*policy.source_address);
    return absl::OkStatus();
  }
  static const SourcePool kNone;
  const SourcePool* const pool = parts_.parts.stores.sources;
  POSTERN_ASSIGN_OR_RETURN(sources_, (pool == nullptr ? kNone : *pool).Choose(policy.egress, host));
  return absl::OkStatus();
}

io::Task<void> Attempt::TryHost(HostTrial& trial) {
  // A session that is used again has the address that a new one would have.
  if (!ChooseSources(trial.host.name).ok()) co_return;  // found wrong before any host
  DropSourceless(trial);
  if (trial.left.empty()) co_return;
  trial.policy = co_await PolicyOf(trial.host, trial.left.front().port);
  if (!trial.policy.usable()) co_return NoteForbidden(trial.host, trial.policy);
  trial.proof = ProofFor(trial.host.name, trial.policy);
  trial.patience = Patience();
  while (!trial.left.empty() && !over()) {
    if (TimeLeft() <= absl::ZeroDuration()) {
      NoteLeft(Origin::kConnect,
               absl::DeadlineExceededError("the time for this attempt has passed"),
               mail::transient::kDeliveryTimeExpired);
      stopped_ = true;
      co_return;
    }
    std::unique_ptr<PooledSession> pooled = TakeIdle(trial);
    const bool reused = pooled != nullptr;
    if (!reused) pooled = co_await Connect(trial);
    if (pooled == nullptr) continue;
    const io::Endpoint address = pooled->address;
    const Next next = co_await Converse(trial, std::move(pooled), reused);
    trial.patience = Patience();
    trial.again = next == Next::kAgain;
    if (outcome_.body_ended) trial.left = {address};
    std::erase(trial.left, address);
    if (trial.again) trial.left.insert(trial.left.begin(), address);
  }
}

bool Attempt::RecordLost(const absl::Status& error) {
  Transaction lost;
  lost.recipients.resize(pending_.size());
  lost.error = error;
  NoteTransaction(lost);
  const std::vector<std::size_t> offered = pending_;
  return Record(lost, offered);
}

io::Task<Attempt::Next> Attempt::Converse(HostTrial& trial,
                                          std::unique_ptr<PooledSession> pooled,
                                          bool reused) {
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
    const bool suits = co_await Suit(session);
    if (suits) same_host = DecideLocally(*pooled);
    if (over() || !same_host) break;
    absl::Status reset;
    if (session.reset_due()) reset = co_await session.Reset();
    if (absl::IsUnavailable(reset) && reused && first) {
      parts_.counters.reused_sessions_lost.Add();
      co_return Next::kAgain;
    }
    if (!reset.ok()) {
      same_host = RecordLost(reset);
      break;
    }

    const Capabilities& peer = session.capabilities();
    std::size_t most = parts_.parts.limits.recipients_per_transaction_max;
    if (peer.recipients_max != 0) most = std::min<std::size_t>(most, peer.recipients_max);
    PortionOf(delivery_.envelope, pending_, most, peer.recipient_domains_max, offered);
    const Offer offer{plain_ ? *plain_ : delivery_.envelope, offered, content_.size(),
                      delivery_.eight_bit && !content_.converted(), require_tls_};
    if (bdat_failed_ || parts_.data_hosts.Contains(pooled->address, absl::Now())) {
      session.ForgoBdat();
    }
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
    if (transaction.bdat_unknown()) {
      // The same once more by DATA, on another connection: what it made of the content is open.
      bdat_failed_ = true;
      parts_.data_hosts.Remember(pooled->address, absl::Now());
      session.Quit();
      co_return Next::kAgain;
    }
    if (first && reused) {
      parts_.counters.sessions_reused.Add();
      outcome_.session_reused = true;
    }
    first = false;
    same_host = RecordAll(trial, *pooled, transaction, offered);
  }
  outcome_.bytes_sent += session.bytes_sent() - sent_before;
  const bool again = same_host && !over();
  parts_.pool.Put(std::move(pooled), absl::Now());
  co_return again ? Next::kAgain : Next::kHost;
}

}  // namespace postern::smtp
