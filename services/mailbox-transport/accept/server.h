// services/mailbox-transport/accept/server.h
//
// Server: the SMTP listeners, and the sessions of their clients.
//
// Flow      Make; Start; Reload as the directory and the settings change, ReloadCertificate as its
//           files do; Stop, once.
// Failure   Make, Start: what is wrong with the settings, certificate, users file or a port, naming
//           it: "listener relay: listen on 0.0.0.0:2525: address already in use"; nothing stays
//           open then.
// Lifetime  Borrows its parts. Stop before destroying. Every call comes from a thread that runs no
//           executor.
// Limits    See Rules and Gate. Each executor listens on every port and keeps the sessions it took.
// See       docs/architecture.md "accept", "Start and stop"

#pragma once

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/io/executor.h"
#include "common/io/listener.h"
#include "common/io/on_disk.h"
#include "common/io/scope.h"
#include "common/observe/metrics.h"
#include "common/tls/context.h"
#include "services/mailbox-transport/accept/auth.h"
#include "services/mailbox-transport/accept/gate.h"
#include "services/mailbox-transport/accept/listener_config.h"
#include "services/mailbox-transport/accept/probe.h"
#include "services/mailbox-transport/accept/rate_limit.h"
#include "services/mailbox-transport/accept/rules.h"
#include "services/mailbox-transport/accept/session.h"
#include "services/mailbox-transport/accept/settings.h"
#include "services/mailbox-transport/model/intake.h"

namespace postern::accept {

class Server {
 public:
  struct Parts {
    std::vector<io::Executor*> executors;  // at least one, all started
    io::DiskPool& disk;
    model::Intake& intake;
    observe::Registry& registry;
    std::string host_name;
    base::Clock& clock = base::Clock::System();
    base::Random& random = base::Random::System();
  };

  static absl::StatusOr<std::unique_ptr<Server>> Make(const Parts& parts,
                                                      const AcceptSettings& settings,
                                                      const Policy& policy);
  ~Server();

  absl::Status Start();

  // For sessions that begin from now on.
  void Reload(const AcceptSettings& settings, const Policy& policy);
  // Reads certificate and key again; what is wrong with them leaves the old ones in use.
  absl::Status ReloadCertificate();

  // Closes the ports and says 421 to clients; content that is arriving has until `grace`.
  void Stop(absl::Duration grace);

  // Where the listener of that name listens (its port is known when 0 was asked for); port 0: no
  // such listener.
  io::Endpoint endpoint(const std::string& listener) const;

  // The limits now, and the rate limit that gRPC submission shares.
  RulesPtr rules() const { return std::atomic_load(&rules_); }

  RateLimit& rate_limit() { return rate_limit_; }

  std::size_t sessions_open() const { return gate_.open(); }

 private:
  // What one executor has of the server.
  struct IoThread {
    explicit IoThread(io::Executor& e) : executor(e), accepting(e), sessions(e) {}

    io::Executor& executor;
    io::Scope accepting;
    io::Scope sessions;
    std::vector<std::unique_ptr<io::Listener>> listeners;
    std::list<Session*> open;
    bool stopping = false;
  };

  Server(const Parts& parts, const AcceptSettings& settings, std::vector<ListenerConfig> listeners);

  absl::Status Open(IoThread& io_thread);
  static io::Task<void> AcceptLoop(Server* server,
                                   IoThread* io_thread,
                                   io::Listener* listener,
                                   const ListenerConfig* config);
  static io::Task<void> Serve(Server* server,
                              IoThread* io_thread,
                              const ListenerConfig* config,
                              std::unique_ptr<io::Stream> stream);
  static io::Task<bool> Prepare(Server* server,
                                const ListenerConfig* config,
                                std::unique_ptr<io::Stream>* stream,
                                Client* client,
                                std::optional<tls::Facts>* facts);
  static io::Task<void> TurnAway(io::Stream* stream, std::string host_name);
  static io::Task<void> Hush(IoThread* io_thread, bool patient);
  static io::Task<void> Finish(IoThread* io_thread, absl::Time until);

  std::string certificate_file_;
  std::string key_file_;
  std::vector<ListenerConfig> listeners_;
  std::map<std::string, io::Endpoint> endpoints_;
  RulesPtr rules_;
  Authenticator authenticator_;
  RateLimit rate_limit_;
  tls::ServerContext tls_;
  Probe probe_;
  Gate gate_;
  Gate proxied_gate_;  // by the client that a PROXY header names
  SessionParts session_parts_;
  std::vector<std::unique_ptr<IoThread>> io_threads_;
};

}  // namespace postern::accept
