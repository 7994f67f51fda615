#include "services/mailbox-transport/accept/server.h"

#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/io/event.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/accept/proxy_reader.h"

namespace postern::accept {

namespace {

constexpr absl::Duration kHandshakePatience = absl::Seconds(60);
constexpr absl::Duration kTurnAwayPatience = absl::Seconds(5);
constexpr absl::Duration kAfterFailedAccept = absl::Milliseconds(100);
constexpr absl::Duration kLookAgain = absl::Milliseconds(10);

}  // namespace

Server::Server(const Parts& parts,
               const AcceptSettings& settings,
               std::vector<ListenerConfig> listeners)
    : certificate_file_(*settings.certificate_file),
      key_file_(*settings.key_file),
      listeners_(std::move(listeners)),
      authenticator_(parts.disk, parts.clock, *settings.users_file),
      rate_limit_(parts.clock),
      probe_(parts.registry),
      session_parts_{parts.intake, authenticator_, rate_limit_,  tls_,
                     probe_,       parts.clock,    parts.random, parts.host_name} {
  POSTERN_CHECK(!parts.executors.empty());
  for (io::Executor* executor : parts.executors)
    floors_.push_back(std::make_unique<Floor>(*executor));
}

Server::~Server() {
  for (const auto& floor : floors_)
    POSTERN_CHECK(floor->listeners.empty());
}

absl::StatusOr<std::unique_ptr<Server>> Server::Make(const Parts& parts,
                                                     const AcceptSettings& settings,
                                                     const Policy& policy) {
  auto listeners = ListenersFrom(settings);
  if (!listeners.ok()) return listeners.status();
  std::unique_ptr<Server> server(new Server(parts, settings, *std::move(listeners)));
  server->Reload(settings, policy);
  const absl::Status certificate = server->ReloadCertificate();
  if (!certificate.ok()) return certificate;
  const absl::Status users = server->authenticator_.Load();
  if (!users.ok()) return users;
  return server;
}

void Server::Reload(const AcceptSettings& settings, const Policy& policy) {
  std::atomic_store(&rules_, std::make_shared<const Rules>(RulesFrom(settings, policy)));
}

absl::Status Server::ReloadCertificate() {
  if (certificate_file_.empty() || key_file_.empty()) return absl::OkStatus();
  return base::Annotate(tls_.Load(certificate_file_, key_file_), "accept.certificate_file");
}

absl::Status Server::Start() {
  absl::Status status;
  for (const auto& floor : floors_) {
    if (status.ok()) floor->executor.Run([&] { status = Open(*floor); });
  }
  if (!status.ok()) {
    Stop(absl::ZeroDuration());
    return status;
  }
  for (const auto& floor : floors_) {
    floor->executor.Run([&] {
      for (std::size_t i = 0; i < listeners_.size(); ++i) {
        floor->accepting.Spawn(
            AcceptLoop(this, floor.get(), floor->listeners[i].get(), &listeners_[i]));
      }
    });
  }
  for (const ListenerConfig& listener : listeners_) {
    POSTERN_LOG(kInfo, "accept", "listening",
                {{"listener", listener.name}, {"address", endpoint(listener.name).ToString()}});
  }
  return absl::OkStatus();
}

// The first floor takes the ports (a free one where 0 was asked for), the others share them.
absl::Status Server::Open(Floor& floor) {
  for (const ListenerConfig& config : listeners_) {
    const auto known = endpoints_.find(config.name);
    const io::Endpoint at = known == endpoints_.end() ? config.address : known->second;
    auto listener = io::Listener::Open(floor.executor, at, /*shared=*/floors_.size() > 1);
    if (!listener.ok())
      return base::Annotate(listener.status(), base::Cat("listener ", config.name));
    endpoints_[config.name] = (*listener)->endpoint();
    floor.listeners.push_back(*std::move(listener));
  }
  return absl::OkStatus();
}

io::Endpoint Server::endpoint(const std::string& listener) const {
  const auto found = endpoints_.find(listener);
  return found == endpoints_.end() ? io::Endpoint() : found->second;
}

io::Task<void> Server::AcceptLoop(Server* server,
                                  Floor* floor,
                                  io::Listener* listener,
                                  const ListenerConfig* config) {
  while (true) {
    absl::StatusOr<std::unique_ptr<io::Stream>> stream = co_await listener->Accept();
    if (stream.ok()) {
      server->probe_.ConnectionCame();
      floor->sessions.Spawn(Serve(server, floor, config, *std::move(stream)));
      continue;
    }
    if (absl::IsCancelled(stream.status())) co_return;
    POSTERN_LOG(kWarning, "accept", "accept failed",
                {{"listener", config->name}, {"error", stream.status()}});
    const absl::Status slept = co_await io::Sleep(kAfterFailedAccept);
    if (!slept.ok()) co_return;
  }
}

io::Task<void> Server::TurnAway(io::Stream* stream, std::string host_name) {
  stream->SetDeadline(kTurnAwayPatience);
  const std::string answer = base::Cat("421 4.3.2 ", host_name, " too many connections\r\n");
  const absl::Status written = co_await stream->Write(answer);
  written.IgnoreError();  // it is closed either way
}

// What comes before the greeting: the PROXY header, then TLS on an implicit listener.
io::Task<bool> Server::Prepare(Server* server,
                               const ListenerConfig* config,
                               std::unique_ptr<io::Stream>* stream,
                               Client* client,
                               std::optional<tls::Facts>* facts) {
  client->address = (*stream)->remote();
  if (config->proxy.any()) {
    const absl::Status known = co_await ReadProxyHeader(**stream, *config, *client);
    if (!known.ok()) {
      server->probe_.Refused("proxy");
      POSTERN_LOG(kWarning, "accept", "connection dropped",
                  {{"listener", config->name}, {"error", known}});
      co_return false;
    }
  }
  if (config->tls != TlsMode::kImplicit) co_return true;
  (*stream)->SetDeadline(kHandshakePatience);
  absl::StatusOr<tls::Session> session = co_await server->tls_.Start(std::move(*stream));
  if (!session.ok()) {
    server->probe_.Refused("tls");
    POSTERN_LOG(kInfo, "accept", "TLS handshake failed",
                {{"listener", config->name},
                 {"client", client->address.ToString()},
                 {"error", session.status()}});
    co_return false;
  }
  *stream = std::move(session->stream);
  *facts = std::move(session->facts);
  co_return true;
}

io::Task<void> Server::Serve(Server* server,
                             Floor* floor,
                             const ListenerConfig* config,
                             std::unique_ptr<io::Stream> stream) {
  const RulesPtr rules = server->rules();
  // Behind a load balancer the limit of one address is for the client, not for the balancer.
  const std::size_t per_source =
      config->proxy.any() ? rules->connections_max : rules->connections_per_source_max;
  const Gate::Pass pass =
      server->gate_.Enter(stream->remote().address, rules->connections_max, per_source);
  if (!pass) {
    server->probe_.Refused("connections");
    co_return co_await TurnAway(stream.get(), server->session_parts_.host_name);
  }
  Client client;
  std::optional<tls::Facts> facts;
  const bool ready = co_await Prepare(server, config, &stream, &client, &facts);
  if (!ready) co_return;
  const bool proxied = config->proxy.any() && client.address_counts;
  const Gate::Pass client_pass =
      proxied ? server->proxied_gate_.Enter(client.address.address, rules->connections_max,
                                            rules->connections_per_source_max)
              : Gate::Pass();
  if (proxied && !client_pass) {
    server->probe_.Refused("connections");
    co_return co_await TurnAway(stream.get(), server->session_parts_.host_name);
  }
  server->probe_.SessionBegan();
  Session session(server->session_parts_, *config, rules, client, std::move(stream),
                  std::move(facts));
  const auto place = floor->open.insert(floor->open.end(), &session);
  if (floor->stopping) co_await session.Farewell(true);
  co_await session.Run();
  floor->open.erase(place);
  server->probe_.SessionEnded();
}

io::Task<void> Server::Hush(Floor* floor, bool patient) {
  floor->stopping = true;
  for (const auto& listener : floor->listeners)
    listener->Close();
  // Each goodbye is a fiber of its own: a client that reads slowly holds up nobody.
  for (Session* session : floor->open)
    floor->sessions.Spawn(session->Farewell(patient));
  co_return;
}

io::Task<void> Server::Finish(Floor* floor, absl::Time until) {
  while (floor->sessions.size() > 0 && absl::Now() < until) {
    const absl::Status slept = co_await io::Sleep(kLookAgain);
    if (!slept.ok()) break;
  }
  co_await Hush(floor, /*patient=*/false);
  floor->accepting.Stop();
  co_await floor->accepting.Join();
  floor->sessions.Stop();
  co_await floor->sessions.Join();
  floor->listeners.clear();
}

void Server::Stop(absl::Duration grace) {
  const absl::Time until = absl::Now() + grace;
  for (const auto& floor : floors_)
    io::RunTask(floor->executor, Hush(floor.get(), /*patient=*/true));
  for (const auto& floor : floors_)
    io::RunTask(floor->executor, Finish(floor.get(), until));
}

}  // namespace postern::accept
