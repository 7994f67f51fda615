#include "services/frontend-transport/app/app.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "common/base/host_name.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/dns/resolvers.h"
#include "common/io/dialer.h"
#include "common/io/own_addresses.h"
#include "common/io/scope.h"
#include "common/io/signals.h"
#include "common/io/watchdog.h"
#include "common/observe/http_server.h"
#include "common/observe/log.h"
#include "common/observe/process_metrics.h"
#include "common/rpc/grpc_log.h"
#include "common/rpc/own_certificate.h"
#include "common/rpc/proxy_server.h"
#include "common/rpc/server.h"
#include "common/smtp/provisions.h"
#include "common/smtp/source_pool.h"
#include "services/frontend-transport/egress/address_check.h"
#include "services/frontend-transport/egress/egress.h"

namespace postern::frontend {

namespace {

// What the site is called in EHLO. The machine's name is a pod's: its first label, which has no
// dot, is never said.
std::string SiteName(const std::string& set) {
  if (!set.empty()) return set;
  const std::string machine = base::HostName("");
  return machine.substr(0, machine.find('.'));
}

// One executor with all that lives on it.
struct IoThread {
  explicit IoThread(int number) : executor("egress-" + std::to_string(number)) {}

  io::Executor executor;
  std::unique_ptr<dns::Resolvers> dns;
  std::unique_ptr<smtp::Engine> engine;
  std::unique_ptr<egress::Egress> egress;
};

io::Task<void> StopEngine(smtp::Engine* engine) {
  engine->Stop();
  co_await engine->Join();
}

}  // namespace

struct App::State {
  explicit State(const AppSettings& s) : settings(s) {}

  absl::Status StartIdentity();
  absl::Status StartSources();
  absl::Status StartProvisions();
  absl::Status StartIoThreads();
  absl::Status StartIoThread(IoThread& io_thread);
  absl::Status StartServers();
  void Drain(absl::Duration within);

  const AppSettings& settings;
  observe::Registry registry;
  io::TcpDialer dialer;
  io::DiskPool disk{1};  // for secrets
  smtp::SourcePool sources;
  std::unique_ptr<smtp::Provisions> provisions;
  smtp::EngineCounters engine_counters;
  std::unique_ptr<egress::Probe> probe;
  std::vector<std::unique_ptr<IoThread>> io_threads;
  std::unique_ptr<io::Watchdog> watchdog;
  std::unique_ptr<egress::AddressCheck> address_check;  // lives on the first io thread
  std::atomic<std::size_t> next_io_thread{0};
  std::unique_ptr<rpc::OwnCertificate> own_certificate;
  std::unique_ptr<rpc::Authority> authority;
  std::unique_ptr<rpc::ProxyServer> proxy;
  std::unique_ptr<observe::HttpServer> http;
  std::unique_ptr<rpc::Server> server;
};

absl::Status App::State::StartIdentity() {
  POSTERN_ASSIGN_OR_RETURN(own_certificate,
                           rpc::OwnCertificate::Start(settings.rpc, "frontend-transport"));
  registry.AddReading(rpc::kExpiryMetric, rpc::kAboutExpiry,
                      [this] { return own_certificate->expires_unix_seconds(); });
  return own_certificate->SetSite(*settings.server.site, "server.site");
}

absl::Status App::State::StartSources() {
  POSTERN_ASSIGN_OR_RETURN(sources,
                           smtp::SourcePool::Parse(*settings.egress.addresses, io::OwnAddresses()));
  for (const smtp::SourceAddress& other : sources.elsewhere()) {
    POSTERN_LOG(kInfo, "egress", "source address of another machine is passed over",
                {{"address", other.address.ToString()}, {"label", other.label}});
  }
  return absl::OkStatus();
}

absl::Status App::State::StartProvisions() {
  smtp::Provisions::Options options;
  options.step = "egress";
  options.tls_ca_file = *settings.egress.tls_ca_file;
  options.certificates_path = *settings.egress.certificates_path;
  options.secrets_path = *settings.egress.secrets_path;
  options.implicit_tls_ports = *settings.egress.implicit_tls_ports;
  options.protocol_log = settings.protocol_log;
  options.connectivity_log = settings.connectivity_log;
  options.security = settings.security;
  auto made = smtp::Provisions::Make(std::move(options), disk, registry);
  if (!made.ok()) return made.status();
  provisions = *std::move(made);
  return absl::OkStatus();
}

absl::Status App::State::StartIoThread(IoThread& io_thread) {
  POSTERN_ASSIGN_OR_RETURN(
      io_thread.dns,
      dns::Resolvers::Make(io_thread.executor, settings.dns, settings.egress.dns_servers,
                           settings.egress.external_dns_servers, registry));
  POSTERN_ASSIGN_OR_RETURN(dns::LookupRules rules, dns::RulesOf(settings.dns));
  smtp::EngineStores stores = provisions->stores();
  stores.sources = &sources;
  io_thread.engine = std::make_unique<smtp::Engine>(smtp::Engine::Parts{
      io_thread.executor, dialer, io_thread.dns->internal(), provisions->tls(),
      SiteName(*settings.server.name), settings.egress.SmtpLimits(*settings.server.io_threads),
      &engine_counters, stores, io_thread.dns->external(), std::move(rules)});
  io_thread.egress = std::make_unique<egress::Egress>(
      io_thread.executor, *io_thread.engine, settings.egress, *probe,
      static_cast<std::uint32_t>(*settings.egress.slots / *settings.server.io_threads));
  return absl::OkStatus();
}

absl::Status App::State::StartIoThreads() {
  for (int i = 0; i < *settings.server.io_threads; ++i) {
    auto io_thread = std::make_unique<IoThread>(i);
    io_thread->executor.Start();
    absl::Status made;
    io_thread->executor.Run([&] { made = StartIoThread(*io_thread); });
    io_threads.push_back(std::move(io_thread));
    if (!made.ok()) return made;
  }
  if (*settings.security.dane) io_threads.front()->dns->WarnOfDistrust("egress");
  io_threads.front()->executor.Run([this] {
    IoThread& one = *io_threads.front();
    address_check = std::make_unique<egress::AddressCheck>(
        one.executor, one.dns->internal(), sources, *settings.server.name,
        *settings.egress.address_check_interval, registry);
    address_check->Start();
  });
  return absl::OkStatus();
}

absl::Status App::State::StartServers() {
  auto http_server = observe::HttpServer::Start(*settings.server.http_address, registry, "start");
  if (!http_server.ok()) return http_server.status();
  http = std::move(*http_server);
  std::vector<io::Executor*> executors;
  for (const auto& io_thread : io_threads)
    executors.push_back(&io_thread->executor);
  watchdog = std::make_unique<io::Watchdog>(executors);
  watchdog->Serve(registry, *http);

  auto made_authority = rpc::Authority::Make(settings.rpc);
  if (!made_authority.ok()) return made_authority.status();
  authority = std::move(*made_authority);
  const auto choose = [this](const rpc::Identity& identity) {
    IoThread& io_thread = *io_threads[next_io_thread++ % io_threads.size()];
    rpc::ProxyServer::Caller caller;
    caller.executor = &io_thread.executor;
    caller.open = [&io_thread, name = identity.name](std::shared_ptr<rpc::ToMailbox> stream) {
      return io_thread.egress->Open(std::move(stream), name);
    };
    return caller;
  };
  proxy = std::make_unique<rpc::ProxyServer>(*authority, *settings.server.site, choose);
  rpc::Server::Options options;
  options.address = *settings.server.proxy_address;
  options.reflection = true;
  auto grpc_server = rpc::Server::Start(settings.rpc, options, {proxy->service()});
  if (!grpc_server.ok()) return grpc_server.status();
  server = std::move(*grpc_server);
  server->SetServing(true);
  http->SetReady("start");
  return absl::OkStatus();
}

void App::State::Drain(absl::Duration within) {
  const absl::Time deadline = absl::Now() + within;
  // All of them share the time: nobody takes offers while another is waited for.
  for (const auto& io_thread : io_threads) {
    if (io_thread->egress != nullptr)
      io_thread->executor.Run([&] { io_thread->egress->BeginDrain(); });
  }
  for (const auto& io_thread : io_threads) {
    if (io_thread->egress == nullptr) continue;
    const absl::Duration left = std::max(deadline - absl::Now(), absl::ZeroDuration());
    io::RunTask(io_thread->executor, io_thread->egress->Drain(left));
  }
}

App::App(std::unique_ptr<State> state) : state_(std::move(state)) {}

App::~App() {
  Stop();
}

absl::StatusOr<std::unique_ptr<App>> App::Start(const AppSettings& settings) {
  rpc::LogGrpc();
  std::unique_ptr<App> app(new App(std::make_unique<State>(settings)));
  State& state = *app->state_;
  observe::AddProcessMetrics(state.registry, "frontend-transport");
  smtp::AddReadings(state.registry, "postern_egress", state.engine_counters);
  state.probe = std::make_unique<egress::Probe>(state.registry, *settings.server.site);
  using Step = absl::Status (State::*)();
  for (const Step step : {&State::StartIdentity, &State::StartSources, &State::StartProvisions,
                          &State::StartIoThreads, &State::StartServers}) {
    if (absl::Status started = (state.*step)(); !started.ok()) return started;
    if (io::StopWanted()) return absl::CancelledError("stopped while starting");
  }
  POSTERN_LOG(kInfo, "egress", "ready",
              {{"site", *settings.server.site},
               {"proxy_port", app->proxy_port()},
               {"http_port", app->http_port()}});
  return app;
}

void App::Stop() {
  if (state_->io_threads.empty()) return;
  POSTERN_LOG(kInfo, "egress", "stopping");
  if (state_->http != nullptr) state_->http->SetNotReady("stop", "stopping");
  if (state_->server != nullptr) state_->server->SetServing(false);
  state_->Drain(*state_->settings.server.stop_grace);
  if (state_->server != nullptr) state_->server->Stop(absl::Seconds(5));
  // What came between the two.
  state_->Drain(absl::ZeroDuration());
  if (state_->address_check != nullptr) {
    io::Executor& first = state_->io_threads.front()->executor;
    first.Run([this] { state_->address_check->Stop(); });
    io::RunTask(first, state_->address_check->Join());
    first.Run([this] { state_->address_check.reset(); });
  }
  for (const auto& io_thread : state_->io_threads) {
    if (io_thread->engine != nullptr)
      io::RunTask(io_thread->executor, StopEngine(io_thread->engine.get()));
    io_thread->executor.Run([&] {
      io_thread->egress.reset();
      io_thread->engine.reset();
      io_thread->dns.reset();
    });
    io_thread->executor.Stop();
  }
  state_->http.reset();  // it asks the watchdog
  state_->watchdog.reset();
  state_->io_threads.clear();
}

int App::proxy_port() const {
  return state_->server->port();
}

int App::http_port() const {
  return state_->http->port();
}

const observe::Registry& App::registry() const {
  return state_->registry;
}

void DeclareMetrics(observe::Registry& registry) {
  observe::AddProcessMetrics(registry, "frontend-transport");
  static const smtp::EngineCounters counters;
  smtp::AddReadings(registry, "postern_egress", counters);
  smtp::DeclareProvisions(registry, "egress");
  registry.AddReading(rpc::kExpiryMetric, rpc::kAboutExpiry, [] { return 0.0; });
  const egress::Probe probe(registry, "site");
  const dns::Probe dns(registry, "internal");
  egress::NamesAgree(registry, "default", "192.0.2.25");
}

}  // namespace postern::frontend
