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

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"

#include "common/dns/hosts.h"
#include "common/smtp/clear_hosts.h"
#include "common/smtp/engine.h"
#include "common/smtp/engine_counters.h"
#include "common/smtp/outgoing.h"
#include "common/smtp/pool.h"
#include "common/smtp/security.h"

namespace postern::smtp {

// What attempts of one engine share.
struct AttemptParts {
  const Engine::Parts& parts;
  Pool& pool;
  ClearHosts& clear_hosts;
  EngineCounters& counters;
  const bool& stopping;
};

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
  io::Task<void> TryHosts(const std::vector<dns::Host>& hosts);
  io::Task<void> TryAddress(const dns::Host& host, const io::Endpoint& address);
  // Connects and says hello; on failure notes it and resets `pooled`.
  io::Task<void> Connect(std::unique_ptr<PooledSession>& pooled, Security security);
  io::Task<std::optional<Refusal>> Greet(PooledSession& pooled, Security security);
  io::Task<absl::StatusOr<std::unique_ptr<io::Stream>>> Dial(const io::Endpoint& address);
  // The header firewall for what this session has proved; false when the content cannot be had.
  io::Task<bool> Obey(const Session& session);
  // Offers the message until nobody is left, or the session or the host is done with.
  io::Task<Next> Converse(std::unique_ptr<PooledSession> pooled, bool reused);

  // All that a session must have in common with this delivery beside host and policy.
  std::string ProofFor(const Security& security) const;
  bool OtherFamily(const io::IpAddress& address) const;

  bool over() const { return stopped_ || pending_.empty(); }

  absl::Duration TimeLeft() const { return end_by_ - absl::Now(); }

  // Decides for those that this peer cannot be given the message for.
  void DecideLocally(const Capabilities& peer);
  void Decide(std::size_t index, Origin origin, absl::Status error, mail::EnhancedStatus enhanced);
  // True when the next transaction goes to the same host.
  bool Record(const Transaction& transaction, const std::vector<std::size_t>& offered);
  void RecordRecipient(const Transaction& transaction, std::size_t place, std::size_t index);
  void RecordReply(std::size_t index, const mail::Reply& reply, bool final);
  // No answer for those still pending from this host; an earlier host's words stand.
  void NoteLeft(Origin origin, const absl::Status& error, mail::EnhancedStatus enhanced);
  void NoteLookup(const dns::HostsAnswer& answer);
  void NoteRefusal(const Refusal& refusal);
  // This session's host does not offer REQUIRETLS.
  void NoteLack();
  // Of all the addresses that were tried: what none offers is not to be had.
  void NoteLacking(std::size_t tried);
  // True when a bounce got nowhere with REQUIRETLS and is to go without (RFC 8689 §5).
  bool YieldsRequireTls() const;
  void NoteTransaction(const Transaction& transaction);

  HostTried& Tried() { return outcome_.hosts.back(); }

  AttemptParts parts_;
  const Delivery& delivery_;
  Outgoing content_;
  tls::CertificatePtr certificate_;
  CredentialPtr credential_;
  Outcome outcome_;
  std::vector<std::size_t> pending_;  // recipients without a final answer
  absl::Time started_;
  absl::Time end_by_;
  bool stopped_ = false;  // no further host

  bool require_tls_;          // only to hosts that offer it
  std::size_t insecure_ = 0;  // addresses without the TLS that it demands
  std::size_t lacking_ = 0;   // addresses that do not offer it, those without STARTTLS too
  std::string lacking_host_;  // the last one
};

}  // namespace postern::smtp
