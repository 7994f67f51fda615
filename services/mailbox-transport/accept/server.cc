#include "services/mailbox-transport/accept/server.h"

#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/io/event.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/accept/proxy_reader.h"

namespace postern::accept {

namespace {

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
    io_threads_.push_back(std::make_unique<IoThread>(*executor));
}

Server::~Server() {
  for (const auto& io_thread : io_threads_)
    POSTERN_CHECK(io_thread->listeners.empty());
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
  for (const auto& io_thread : io_threads_) {
    if (status.ok()) io_thread->executor.Run([&] { status = Open(*io_thread); });
  }
  if (!status.ok()) {
    Stop(absl::ZeroDuration());
    return status;
  }
  for (const auto& io_thread : io_threads_) {
    io_thread->executor.Run([&] {
      for (std::size_t i = 0; i < listeners_.size(); ++i) {
        io_thread->accepting.Spawn(
            AcceptLoop(this, io_thread.get(), io_thread->listeners[i].get(), &listeners_[i]));
      }
    });
  }
  for (const ListenerConfig& listener : listeners_) {
    POSTERN_LOG(kInfo, "accept", "listening",
                {{"listener", listener.name}, {"address", endpoint(listener.name).ToString()}});
  }
  return absl::OkStatus();
}

// The first io thread takes the ports (a free one where 0 was asked for), the others share them.
absl::Status Server::Open(IoThread& io_thread) {
  for (const ListenerConfig& config : listeners_) {
    const auto known = endpoints_.find(config.name);
    const io::Endpoint at = known == endpoints_.end() ? config.address : known->second;
    auto listener = io::Listener::Open(io_thread.executor, at, /*shared=*/io_threads_.size() > 1);
    if (!listener.ok())
      return base::Annotate(listener.status(), base::Cat("listener ", config.name));
    endpoints_[config.name] = (*listener)->endpoint();
    io_thread.listeners.push_back(*std::move(listener));
  }
  return absl::OkStatus();
}

io::Endpoint Server::endpoint(const std::string& listener) const {
  const auto found = endpoints_.find(listener);
  return found == endpoints_.end() ? io::Endpoint() : found->second;
}

io::Task<void> Server::AcceptLoop(Server* server,
                                  IoThread* io_thread,
                                  io::Listener* listener,
                                  const ListenerConfig* config) {
  while (true) {
    absl::StatusOr<std::unique_ptr<io::Stream>> stream = co_await listener->Accept();
    if (stream.ok()) {
      server->probe_.ConnectionCame();
      io_thread->sessions.Spawn(Serve(server, io_thread, config, *std::move(stream)));
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
                             IoThread* io_thread,
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
  const auto place = io_thread->open.insert(io_thread->open.end(), &session);
  if (io_thread->stopping) co_await session.Farewell(true);
  co_await session.Run();
  io_thread->open.erase(place);
  server->probe_.SessionEnded();
}

io::Task<void> Server::Hush(IoThread* io_thread, bool patient) {
  io_thread->stopping = true;
  for (const auto& listener : io_thread->listeners)
    listener->Close();
  // Each goodbye is a fiber of its own: a client that reads slowly holds up nobody.
  for (Session* session : io_thread->open)
    io_thread->sessions.Spawn(session->Farewell(patient));
  co_return;
}

io::Task<void> Server::Finish(IoThread* io_thread, absl::Time until) {
  while (io_thread->sessions.size() > 0 && absl::Now() < until) {
    const absl::Status slept = co_await io::Sleep(kLookAgain);
    if (!slept.ok()) break;
  }
  co_await Hush(io_thread, /*patient=*/false);
  io_thread->accepting.Stop();
  co_await io_thread->accepting.Join();
  io_thread->sessions.Stop();
  co_await io_thread->sessions.Join();
  io_thread->listeners.clear();
}

void Server::Stop(absl::Duration grace) {
  const absl::Time until = absl::Now() + grace;
  for (const auto& io_thread : io_threads_)
    io::RunTask(io_thread->executor, Hush(io_thread.get(), /*patient=*/true));
  for (const auto& io_thread : io_threads_)
    io::RunTask(io_thread->executor, Finish(io_thread.get(), until));
}

}  // namespace postern::accept
