// common/smtp/attempt.h
//
// Attempt: one message to the hosts of one next hop, as Engine::Attempt tells; internal to the
// engine.
//
// Flow      Run once.
// Failure   Never: the Outcome has a result for each recipient.
// Lifetime  Borrows everything; lives in the coroutine that awaits Run.
// See       common/smtp/engine.h

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "common/dns/hosts.h"
#include "common/smtp/engine.h"
#include "common/smtp/engine_counters.h"
#include "common/smtp/host_families.h"
#include "common/smtp/host_policy.h"
#include "common/smtp/lately.h"
#include "common/smtp/outgoing.h"
#include "common/smtp/pool.h"
#include "common/smtp/race.h"
#include "common/smtp/security.h"
#include "common/smtp/unreached.h"

namespace postern::smtp {

// STARTTLS or BDAT that did not work is not tried again so long, at so many addresses.
inline constexpr absl::Duration kForgoneFor = absl::Hours(1);
inline constexpr std::size_t kForgoneHostsMax = 10'000;

// What attempts of one engine share.
struct AttemptParts {
  const Engine::Parts& parts;
  Pool& pool;
  Lately<io::Endpoint>& clear_hosts;  // whose STARTTLS does not work, for opportunistic TLS
  Lately<io::Endpoint>& data_hosts;   // whose BDAT does not work
  HostFamilies& host_families;
  Unreached& unreached;
  StsPolicies& sts;
  EngineCounters& counters;
  const bool& stopping;
};

// One host while it is tried.
struct HostTrial {
  HostTrial(const dns::Host& tried, std::uint16_t port);

  const dns::Host& host;
  bool both_families = false;
  std::vector<io::Endpoint> left;  // addresses that are worth a try, best first
  HostPolicy policy;
  std::string proof;
  absl::Time patience;  // until then a place is waited for
  bool again = false;   // the first of `left` has served this attempt and may do so again
};

// A way to a host, before anything is said on it.
struct Connection {
  std::unique_ptr<io::Stream> stream;
  std::unique_ptr<SessionLog> log;  // null: nobody asked for it
};

// 550 or 554 by a policy that may hold for our address alone, as it has no name or too little else
// to vouch for it: 5.7.1, or 5.7.25 to 5.7.27 (RFC 7372 §3; RFC 7505 §4.2).
bool BlamesAddress(const mail::Reply& reply);

// What the list of hosts tells of the policy.
void ShowPolicy(const HostPolicy& policy, HostTried& tried);

class Attempt {
 public:
  Attempt(AttemptParts parts, const Delivery& delivery, BodySource& body);

  io::Task<Outcome> Run();

 private:
  enum class Next : std::uint8_t {
    kHost,   // this address has said what it has to say
    kAgain,  // the session is used up, the address is not
  };

  // Gets what we show; false, and noted, when something of it is not there.
  io::Task<bool> Provide();
  void NoteMissing(const absl::Status& what, mail::EnhancedStatus enhanced);
  io::Task<dns::HostsAnswer> LookUp();
  dns::Resolver& Resolver() const;
  bool AsksPolicies() const;
  // The MTA-STS policy of the domain, where it has a say.
  io::Task<void> AskSts();
  io::Task<HostPolicy> PolicyOf(const dns::Host& host, std::uint16_t port);
  // What a report about TLS says of a session that came about; `told`: why it is in clear is told.
  void NoteTlsResult(const Session& session, const HostPolicy& policy, bool told);
  void NoteForbidden(const dns::Host& host, const HostPolicy& policy);
  // Leaves those that can be reached from here, as they are to be dialled.
  void Order(std::vector<dns::Host>& hosts, std::uint16_t port);
  io::Task<void> TryHosts(std::vector<dns::Host> hosts);
  // One host, until it has said what it has to say at every address.
  io::Task<void> TryHost(HostTrial& trial);
  // An idle session to any address of the host, or null.
  std::unique_ptr<PooledSession> TakeIdle(const HostTrial& trial);
  // Dials the addresses that are left, and says hello to the first that answers. Null: what failed
  // is noted and no longer left, or a place was waited for.
  io::Task<std::unique_ptr<PooledSession>> Connect(HostTrial& trial);
  io::Task<void> WaitForPlace(HostTrial& trial);
  void NoteTrying(const HostTrial& trial, const io::Endpoint& address);
  void NoteConnectFailed(const HostTrial& trial,
                         const io::Endpoint& address,
                         const absl::Status& error);
  // Our own address is wrong, whatever the host: that family is not dialled again, and without the
  // other one no host is.
  void NoteSourceless(const io::Endpoint& remote);

  void DropSourceless(HostTrial& trial) const {
    std::erase_if(trial.left, [this](const io::Endpoint& remote) {
      return sourceless_[remote.address.is_v4() ? 1 : 0];
    });
  }

  // What the race tells about the families of the host.
  void NoteFamilies(const HostTrial& trial, const RaceResult& race);
  // Whether it greeted; `refused`: how the hello ended.
  void NoteGreeting(const io::Endpoint& address, const std::optional<Refusal>& refused);
  // What it says to one address of ours it says to all of that family.
  void ForgoIpv6(HostTrial& trial, const io::Endpoint& address);
  // Says hello; on failure notes it and resets `pooled`.
  io::Task<void> Introduce(std::unique_ptr<PooledSession>& pooled,
                           const HostPolicy& policy,
                           Connection connection);
  io::Task<std::optional<Refusal>> Greet(PooledSession& pooled,
                                         const HostPolicy& host_policy,
                                         Security security,
                                         bool force_helo,
                                         Connection connection);
  // On a new connection to the same address, after `refused`.
  io::Task<std::optional<Refusal>> GreetAgain(PooledSession& pooled,
                                              const HostPolicy& host_policy,
                                              bool force_helo,
                                              const Refusal& refused);
  // To an address once more, on its place.
  io::Task<absl::StatusOr<Connection>> DialAgain(const io::Endpoint& address);
  std::unique_ptr<SessionLog> BeginLog(const io::Endpoint& address) const;
  // Of a connection, in the connectivity log; null when nobody asked for it.
  std::unique_ptr<ConnectionRecord> BeginRecord() const;
  // Makes content and envelope as this session may get them; false when the content cannot be had.
  io::Task<bool> Suit(const Session& session);
  io::Task<absl::Status> SuitContent(const Capabilities& peer);
  void SuitEnvelope(const Capabilities& peer);
  // Offers the message until nobody is left, or the session or the host is done with.
  io::Task<Next> Converse(HostTrial& trial, std::unique_ptr<PooledSession> pooled, bool reused);

  // A smart host's port on which TLS begins with the first byte.
  bool TlsAtOnce(std::uint16_t port) const;
  // All that a session must have in common with this delivery beside address and policy.
  std::string ProofFor(const std::string& host, const HostPolicy& policy) const;
  // Where mail to `host` comes from; a label without an address here is an error.
  absl::Status ChooseSources(std::string_view host);

  bool over() const { return stopped_ || pending_.empty(); }

  absl::Duration TimeLeft() const { return end_by_ - absl::Now(); }

  absl::Time Patience() const {
    return std::min(end_by_, absl::Now() + parts_.parts.limits.connect);
  }

  SessionKey KeyFor(const HostTrial& trial, const io::Endpoint& address) const {
    return {trial.host.name, address, delivery_.policy, trial.proof, outcome_.mx_set};
  }

  // Why this peer cannot be given the message for a recipient.
  struct Misfit {
    absl::Status why;
    mail::EnhancedStatus enhanced;
  };

  std::optional<Misfit> MisfitOf(std::size_t index, const Capabilities& peer) const;
  // Decides for those that this peer cannot be given the message for; false when only this session
  // cannot take it.
  bool DecideLocally(const PooledSession& pooled);
  void Decide(std::size_t index, Origin origin, absl::Status error, mail::EnhancedStatus enhanced);
  // All that a transaction tells; true when the next one goes to the same host.
  bool RecordAll(HostTrial& trial,
                 PooledSession& pooled,
                 const Transaction& transaction,
                 const std::vector<std::size_t>& offered);
  // Its answers, on the same terms.
  bool Record(const Transaction& transaction, const std::vector<std::size_t>& offered);
  // Of an offer that could not even begin.
  bool RecordLost(const absl::Status& error);
  void RecordRecipient(const Transaction& transaction, std::size_t place, std::size_t index);
  void RecordReply(std::size_t index, const mail::Reply& reply, bool final);
  // No answer for those still pending from this host; an earlier host's words stand, and that one
  // was not asked for want of a place.
  void NoteLeft(Origin origin, const absl::Status& error, mail::EnhancedStatus enhanced);
  void NoteLookup(const dns::HostsAnswer& answer);
  void NoteRefusal(const Refusal& refusal);
  // True, and noted, when a host insists on what the session went without: the message is not what
  // it refused.
  bool NoteTlsWanted(PooledSession& pooled, const Transaction& transaction);
  // True, and noted, when a host of both families refuses us by a policy about the address that we
  // have in IPv6: what it says over IPv4 counts.
  bool NoteIpv6Refused(HostTrial& trial,
                       PooledSession& pooled,
                       const Transaction& transaction,
                       const std::vector<std::size_t>& offered);
  // This session's host does not offer REQUIRETLS.
  void NoteLack();
  // Of all the addresses that were tried: what none offers is not to be had.
  void NoteLacking(std::size_t tried);

  // A bounce is better sent without it than lost.
  bool MayYieldRequireTls() const { return require_tls_ && delivery_.envelope.sender.empty(); }

  // True when a bounce got nowhere with REQUIRETLS and is to go without (RFC 8689 §5).
  bool YieldsRequireTls() const;
  void NoteTransaction(const Transaction& transaction);

  HostTried& Tried() { return outcome_.hosts.back(); }

  AttemptParts parts_;
  const Delivery& delivery_;
  Outgoing content_;
  tls::CertificatePtr certificate_;
  CredentialPtr credential_;
  Sources sources_;
  std::optional<KnownSts> sts_;          // in force
  std::optional<mail::Envelope> plain_;  // domains as A-labels, for a peer without SMTPUTF8
  bool header_needs_utf8_ = false;       // ... to which the header cannot go
  Outcome outcome_;
  std::vector<std::size_t> pending_;  // recipients without a final answer
  absl::Time started_;
  absl::Time end_by_;
  bool bdat_failed_ = false;             // at some host of this attempt
  bool stopped_ = false;                 // no further host
  std::array<bool, 2> sourceless_ = {};  // to IPv6, to IPv4: our source address is not there

  bool require_tls_;          // only to hosts that offer it
  std::size_t insecure_ = 0;  // addresses without the TLS that it demands
  std::size_t lacking_ = 0;   // addresses that do not offer it, those without STARTTLS too
  std::string lacking_host_;  // the last one
  bool partial_ = false;      // some hosts could not be looked up
};

}  // namespace postern::smtp
