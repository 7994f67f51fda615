// common/smtp/engine.h
//
// Engine: delivers one message to one next hop by SMTP; direct delivery and the front end share it.
//
// Flow      Attempt: hosts of the route (dns), best first; an idle session or a new one; one
//           transaction; the next host until every recipient has an answer. One Outcome, always.
// Failure   Never: see smtp::Outcome. After the final dot was sent no other host is tried.
// Lifetime  Borrows dialer, resolvers, TLS context and stores. One executor. Stop and Join, then
//           destroy.
// Limits    Every wait of RFC 5321 §4.5.3.2 has its setting; idle sessions are bounded in number
//           and age.
// See       RFC 5321 §5.1; docs/architecture.md "deliver"

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "common/dns/hosts.h"
#include "common/dns/resolver.h"
#include "common/io/dialer.h"
#include "common/io/scope.h"
#include "common/io/task.h"
#include "common/mail/envelope.h"
#include "common/smtp/body_source.h"
#include "common/smtp/connectivity_log.h"
#include "common/smtp/credentials.h"
#include "common/smtp/engine_counters.h"
#include "common/smtp/limits.h"
#include "common/smtp/outcome.h"
#include "common/smtp/policy.h"
#include "common/smtp/protocol_log.h"
#include "common/smtp/source_pool.h"
#include "common/smtp/sts.h"
#include "common/smtp/unlogged.h"
#include "common/tls/certificate_store.h"
#include "common/tls/context.h"

namespace postern::smtp {

// What the engines of a process share beside their counters; each may be null.
struct EngineStores {
  CredentialStore* credentials = nullptr;
  const tls::CertificateStore* certificates = nullptr;
  ProtocolLog* protocol_log = nullptr;
  Unlogged* unlogged = nullptr;  // told of a connector that asks for a protocol log in vain
  http::Client* web = nullptr;   // for the policies of domains; null: MTA-STS is not asked
  StsPolicies::Options sts = {};
  bool dane = true;  // TLSA records are looked up where DNSSEC vouches for the host
  ConnectivityLog* connectivity_log = nullptr;
  const SourcePool* sources = nullptr;  // null: it is for the system to say where mail comes from
};

// Asked once the hosts are known, before the first of them is dialled: whether they may be now.
// `mx_set` is dns::MxSetName, empty for smart hosts and for a domain without MX records; it holds
// for `ttl`. It may have to ask others, and bounds that wait itself.
using Admits = std::function<io::Task<bool>(std::string mx_set, absl::Duration ttl)>;

struct Delivery {
  Route route;
  ConnectorPolicy policy;
  mail::Envelope envelope;
  std::uint64_t size = 0;
  std::uint64_t header_bytes = 0;  // of `size`
  bool eight_bit = false;
  absl::Duration deadline = absl::Minutes(30);  // for the whole attempt
  std::optional<KnownSts> sts;                  // of the domain, as far as the caller knows one
  Admits admits = {};                           // null: whatever the hosts are, they are dialled
  std::string mx_set = {};  // in which it has a place: a front end asks about others only
};

class Engine {
 public:
  struct Parts {
    io::Executor& executor;
    io::Dialer& dialer;
    dns::Resolver& resolver;
    const tls::ClientContext& tls;
    std::string host_name;  // EHLO name when the connector has none; without a dot, our address
    Limits limits;
    EngineCounters* counters = nullptr;  // shared by engines, outlives them
    EngineStores stores = {};
    dns::Resolver* external_resolver = nullptr;  // of UseExternalDNSServersEnabled; null: the one
    dns::LookupRules lookup = {};
  };

  explicit Engine(Parts parts);
  ~Engine();

  // Delivers `body` to the recipients of `delivery`.
  // The body is rewound when a host takes content, so a first Rewind means: content is wanted now.
  io::Task<Outcome> Attempt(const Delivery& delivery, BodySource& body);

  // Closes the idle sessions by this connector to the hosts of this MX set (Admits).
  void CloseIdle(std::string_view connector, std::string_view mx_set);

  // Closes idle sessions; those in use end with their attempt. Then Join.
  void Stop();
  io::Task<void> Join();

  std::size_t sessions_open() const;
  const EngineCounters& counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::smtp
