// One host of an attempt: a session that is idle, or the race for a new one and its hello.
#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/mail/enhanced_status.h"
#include "common/smtp/attempt.h"

namespace postern::smtp {

namespace {

// An address in a race, with what it takes to be there.
struct Entrant {
  std::unique_ptr<PooledSession> pooled;
  std::unique_ptr<SessionLog> log;
};

void GiveUp(Entrant& entrant) {
  constexpr std::string_view kWhy = "given up: another answered";
  if (entrant.log != nullptr) entrant.log->Note("", kWhy);
  if (entrant.pooled != nullptr && entrant.pooled->record != nullptr) {
    entrant.pooled->record->Failed(kWhy);
  }
}

void Refused(Entrant& entrant, const absl::Status& error) {
  const std::string_view why = base::MessageOf(error);
  if (entrant.log != nullptr) entrant.log->Note(why, "failed to connect");
  if (entrant.pooled->record != nullptr) {
    entrant.pooled->record->Failed(base::Cat("failed to connect: ", why));
  }
  entrant.pooled.reset();
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

}  // namespace

bool BlamesAddress(const mail::Reply& reply) {
  if (reply.code != 550 && reply.code != 554) return false;
  const mail::EnhancedStatus said = reply.enhanced().value_or(mail::EnhancedStatus{});
  return said.klass == 5 && said.subject == 7 &&
         (said.detail == 1 || (said.detail >= 25 && said.detail <= 27));
}

HostTrial::HostTrial(const dns::Host& tried, std::uint16_t port) : host(tried) {
  left.reserve(tried.addresses.size());
  for (const io::IpAddress& address : tried.addresses) {
    left.push_back(io::Endpoint{address, port});
    both_families = both_families || address.is_v4() != tried.addresses.front().is_v4();
  }
}

std::unique_ptr<PooledSession> Attempt::TakeIdle(const HostTrial& trial) {
  if (parts_.pool.idle() == 0) return nullptr;
  const absl::Time now = absl::Now();
  for (const io::Endpoint& address : trial.left) {
    std::unique_ptr<PooledSession> pooled = parts_.pool.Take(KeyFor(trial, address), now);
    if (pooled == nullptr) continue;
    NoteTrying(trial, address);
    return pooled;
  }
  return nullptr;
}

// The session that was used up leaves its line to the next one to the same address.
void Attempt::NoteTrying(const HostTrial& trial, const io::Endpoint& address) {
  std::string text = address.ToString();
  if (trial.again && Tried().address == text) return;
  HostTried record;
  record.host = trial.host.name;
  record.address = std::move(text);
  record.stage = Stage::kConnect;
  ShowPolicy(trial.policy, record);
  outcome_.hosts.push_back(std::move(record));
}

void Attempt::NoteConnectFailed(const HostTrial& trial,
                                const io::Endpoint& address,
                                const absl::Status& error) {
  NoteTrying(trial, address);
  if (absl::IsFailedPrecondition(error)) NoteSourceless(address);
  Refusal refusal = Refusal::BrokenAt(Stage::kConnect, error);
  refusal.enhanced = mail::transient::kNoAnswerFromHost;
  NoteRefusal(refusal);
}

void Attempt::NoteSourceless(const io::Endpoint& remote) {
  const bool v4 = remote.address.is_v4();
  sourceless_[v4 ? 1 : 0] = true;
  const std::optional<io::IpAddress>& other = v4 ? sources_.v6 : sources_.v4;
  if (!other.has_value() || sourceless_[v4 ? 0 : 1]) stopped_ = true;
}

std::unique_ptr<SessionLog> Attempt::BeginLog(const io::Endpoint& address) const {
  const ConnectorPolicy& policy = delivery_.policy;
  ProtocolLog* const log = parts_.parts.stores.protocol_log;
  if (!policy.protocol_log) return nullptr;
  if (log == nullptr) {
    if (Unlogged* const unlogged = parts_.parts.stores.unlogged) unlogged->Note(policy.connector);
    return nullptr;
  }
  return log->Begin(policy.connector, address);
}

std::unique_ptr<ConnectionRecord> Attempt::BeginRecord() const {
  ConnectivityLog* const log = parts_.parts.stores.connectivity_log;
  if (log == nullptr) return nullptr;
  const Route& route = delivery_.route;
  const std::string to = route.dns_routing ? route.domain : base::Join(route.smart_hosts, ",");
  return log->Begin(
      "SMTP", to,
      base::Cat(route.dns_routing ? "DnsConnectorDelivery " : "SmartHostConnectorDelivery ",
                delivery_.policy.connector));
}

io::Task<void> Attempt::WaitForPlace(HostTrial& trial) {
  const absl::Status waited = co_await parts_.pool.freed().Until(trial.patience - absl::Now());
  if (waited.ok()) co_return;
  const bool cancelled = absl::IsCancelled(waited);
  const absl::Status error =
      cancelled ? waited : absl::ResourceExhaustedError("all sessions are in use");
  for (const io::Endpoint& address : trial.left) {
    NoteTrying(trial, address);
    Tried().error = error;
    NoteLeft(Origin::kLocal, error, mail::transient::kSystemNotAcceptingNetworkMessages);
    if (cancelled) break;
  }
  trial.left.clear();
  stopped_ = cancelled;
}

void Attempt::NoteFamilies(const HostTrial& trial, const RaceResult& race) {
  if (race.stream == nullptr || !trial.both_families) return;
  const io::IpAddress& winner = trial.left[race.winner].address;
  for (const std::size_t lost : race.lost) {
    const io::IpAddress& address = trial.left[lost].address;
    if (lost > race.winner || address.is_v4() == winner.is_v4()) continue;
    // Its head start did not help it.
    parts_.host_families.Failed(trial.host.name, address, absl::Now());
  }
  parts_.host_families.Worked(trial.host.name, winner);
}

void Attempt::ForgoIpv6(HostTrial& trial, const io::Endpoint& address) {
  if (address.address.is_v4() || !trial.both_families) return;
  parts_.host_families.Failed(trial.host.name, address.address, absl::Now());
  std::erase_if(trial.left, [](const io::Endpoint& left) { return !left.address.is_v4(); });
}

io::Task<std::unique_ptr<PooledSession>> Attempt::Connect(HostTrial& trial) {
  const Engine::Parts& parts = parts_.parts;
  std::vector<Entrant> entrants(trial.left.size());
  std::vector<io::Endpoint> failed;
  RaceCalls calls;
  calls.admits = [&](std::size_t place) {
    Entrant& entrant = entrants[place];
    entrant.pooled = parts_.pool.Open(KeyFor(trial, trial.left[place]));
    if (entrant.pooled == nullptr) return false;
    entrant.log = BeginLog(trial.left[place]);
    entrant.pooled->record = BeginRecord();
    if (entrant.pooled->record != nullptr) {
      entrant.pooled->record->Note(
          base::Cat("trying ", trial.host.name, "[", trial.left[place].ToString(), "]"));
    }
    return true;
  };
  calls.failed = [&](std::size_t place, const absl::Status& error) {
    const io::Endpoint& address = trial.left[place];
    Refused(entrants[place], error);
    failed.push_back(address);
    parts_.counters.connection_failures.Add();
    NoteConnectFailed(trial, address, error);
    // Else it is our own address that is wrong.
    if (!absl::IsFailedPrecondition(error)) parts_.unreached.Failed(address, absl::Now());
    if (trial.both_families) {
      parts_.host_families.Failed(trial.host.name, address.address, absl::Now());
    }
  };
  const RaceRules rules{sources_, parts.limits.connect, parts.limits.attempt_delay, end_by_};
  const absl::Time began = absl::Now();
  RaceResult race = co_await Race(parts.dialer, trial.left, rules, calls);
  if (race.dials == 0) {
    co_await WaitForPlace(trial);
    co_return nullptr;
  }
  outcome_.connect_ms = Milliseconds(absl::Now() - began);
  trial.patience = Patience();
  for (const std::size_t lost : race.lost)
    GiveUp(entrants[lost]);
  if (absl::IsCancelled(race.error)) {
    const std::size_t place = race.lost.empty() ? 0 : race.lost.front();
    NoteConnectFailed(trial, trial.left[place], race.error);
  }
  NoteFamilies(trial, race);
  std::unique_ptr<PooledSession> pooled;
  if (race.stream != nullptr) {
    const io::Endpoint address = trial.left[race.winner];
    const bool later = !failed.empty() || (!race.lost.empty() && race.lost.front() < race.winner);
    if (later) parts_.counters.connection_races.Add();
    parts_.counters.connections.Add();
    pooled = std::move(entrants[race.winner].pooled);
    if (pooled->record != nullptr) {
      pooled->record->Note(base::Cat("established connection to ", address.ToString(), " from ",
                                     race.stream->local().ToString()));
    }
    Connection connection{std::move(race.stream), std::move(entrants[race.winner].log)};
    entrants.clear();  // the places of those that lost are free again
    NoteTrying(trial, address);
    co_await Introduce(pooled, trial.policy, std::move(connection));
    if (pooled == nullptr) failed.push_back(address);
    const bool said = pooled == nullptr && Tried().reply.has_value();
    if (said && BlamesAddress(*Tried().reply)) ForgoIpv6(trial, address);
  }
  for (const io::Endpoint& address : failed)
    std::erase(trial.left, address);
  DropSourceless(trial);
  co_return std::move(pooled);
}

io::Task<absl::StatusOr<Connection>> Attempt::DialAgain(const io::Endpoint& address) {
  const Engine::Parts& parts = parts_.parts;
  Connection connection;
  connection.log = BeginLog(address);
  const absl::Time dialed = absl::Now();
  const absl::Duration timeout = std::min(parts.limits.connect, TimeLeft());
  absl::StatusOr<std::unique_ptr<io::Stream>> stream =
      co_await parts.dialer.Dial(address, sources_.For(address.address), timeout);
  outcome_.connect_ms = Milliseconds(absl::Now() - dialed);
  (stream.ok() ? parts_.counters.connections : parts_.counters.connection_failures).Add();
  if (!stream.ok()) {
    if (connection.log != nullptr)
      connection.log->Note(base::MessageOf(stream.status()), "failed to connect");
    co_return stream.status();
  }
  connection.stream = *std::move(stream);
  co_return std::move(connection);
}

io::Task<std::optional<Refusal>> Attempt::Greet(PooledSession& pooled,
                                                const HostPolicy& host_policy,
                                                Security security,
                                                bool force_helo,
                                                Connection connection) {
  const Engine::Parts& parts = parts_.parts;
  const ConnectorPolicy& policy = delivery_.policy;
  HelloPolicy hello;
  const io::IpAddress local = connection.stream->local().address;
  hello.name = policy.fqdn;
  if (hello.name.empty() && parts.stores.sources != nullptr) {
    hello.name = parts.stores.sources->EhloOf(local);
  }
  if (hello.name.empty()) hello.name = HelloName(parts.host_name, local);
  Tried().sending_ip = connection.stream->local().address.ToString();
  pooled.session = std::make_unique<Session>(std::move(connection.stream), parts.limits,
                                             std::move(connection.log));
  pooled.session->EndBy(end_by_);
  // An address is no name for SNI (RFC 6066 §3).
  const bool literal = pooled.host.starts_with('[') || io::IpAddress::Parse(pooled.host).ok();
  if (!literal) hello.server_name = pooled.host;
  if (!host_policy.server_name.empty()) hello.server_name = host_policy.server_name;
  hello.security = std::move(security);
  if (host_policy.sts_testing) hello.tried_name = pooled.host;
  hello.resumption_key = base::Cat(pooled.address.ToString(), "\n", pooled.proof);
  hello.certificate = certificate_;
  hello.credential = credential_;
  if (parts.stores.credentials != nullptr) hello.proofs = &parts.stores.credentials->proofs();
  hello.force_helo = force_helo;
  std::optional<Refusal> refused = co_await pooled.session->Hello(hello, parts.tls);
  if (pooled.session->tls().has_value()) parts_.counters.tls_connections.Add();
  if (!refused.has_value() && pooled.session->log() != nullptr) {
    const Principal principal = PrincipalOf(policy, pooled.session->tls());
    pooled.session->log()->Note(RightsOf(policy.FirewallFor(principal)),
                                base::Cat("Set Session Permissions of ", NameOf(principal)));
  }
  co_return refused;
}

// What failed has its own line in the list of hosts.
io::Task<std::optional<Refusal>> Attempt::GreetAgain(PooledSession& pooled,
                                                     const HostPolicy& host_policy,
                                                     bool force_helo,
                                                     const Refusal& refused) {
  pooled.session.reset();
  HostTried again = Tried();
  Tried().stage = refused.stage;
  Tried().error = refused.error;
  Tried().tls_result = refused.tls_result;
  outcome_.hosts.push_back(std::move(again));
  absl::StatusOr<Connection> connection = co_await DialAgain(pooled.address);
  if (!connection.ok()) {
    if (absl::IsFailedPrecondition(connection.status())) NoteSourceless(pooled.address);
    Refusal lost = Refusal::BrokenAt(Stage::kConnect, connection.status());
    lost.enhanced = mail::transient::kNoAnswerFromHost;
    co_return lost;
  }
  Security in_clear;
  in_clear.tls = TlsUse::kNever;
  co_return co_await Greet(pooled, host_policy, std::move(in_clear), force_helo,
                           *std::move(connection));
}

void Attempt::NoteGreeting(const io::Endpoint& address, const std::optional<Refusal>& refused) {
  const bool broken =
      refused.has_value() && refused->stage == Stage::kGreeting && !refused->error.ok();
  if (!broken) {
    parts_.unreached.Worked(address);
  } else if (!absl::IsCancelled(refused->error)) {
    parts_.unreached.Failed(address, absl::Now());
  }
}

io::Task<void> Attempt::Introduce(std::unique_ptr<PooledSession>& pooled,
                                  const HostPolicy& policy,
                                  Connection connection) {
  Security security = policy.security;
  // A password never goes out in clear to a host that offers TLS, however broken.
  const bool may_fall_back = security.tls == TlsUse::kOpportunistic && credential_ == nullptr;
  // A session without TLS is the host's failure, unless nobody wanted TLS or it is told already.
  bool told = security.tls == TlsUse::kNever;
  if (may_fall_back && parts_.clear_hosts.Contains(pooled->address, absl::Now())) {
    security.tls = TlsUse::kNever;
  }
  const bool encrypted = security.tls != TlsUse::kNever;
  const bool may_be_clear = security.tls != TlsUse::kRequired && credential_ == nullptr;
  const bool helo = delivery_.policy.force_helo;

  std::optional<Refusal> refused =
      co_await Greet(*pooled, policy, std::move(security), helo, std::move(connection));
  NoteGreeting(pooled->address, refused);
  if (refused.has_value() && refused->handshake_failed && may_fall_back && encrypted) {
    parts_.clear_hosts.Remember(pooled->address, absl::Now());
    parts_.counters.tls_fallbacks.Add();
    const Refusal broken = *std::move(refused);
    told = true;
    refused = co_await GreetAgain(*pooled, policy, helo, broken);
  }
  if (refused.has_value() && refused->lost_at_ehlo && may_be_clear) {
    // Some old servers know no EHLO and close (RFC 5321 §3.2).
    const Refusal lost = *std::move(refused);
    pooled->helo_instead = true;
    refused = co_await GreetAgain(*pooled, policy, /*force_helo=*/true, lost);
  }
  if (!refused.has_value()) {
    pooled->clear_instead = policy.security.tls == TlsUse::kOpportunistic &&
                            !pooled->session->tls().has_value() &&
                            pooled->session->capabilities().starttls;
    NoteTlsResult(*pooled->session, policy, told);
    co_return;
  }
  NoteRefusal(*refused);
  if (pooled->record != nullptr) {
    const bool said = refused->error.ok() && refused->reply.has_value();
    pooled->record->Failed(base::Cat(
        NameOf(refused->stage), ": ",
        said ? refused->reply->ToString() : std::string(base::MessageOf(refused->error))));
  }
  if (pooled->session != nullptr) pooled->session->Quit();
  pooled.reset();
}

}  // namespace postern::smtp
