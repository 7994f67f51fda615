#include "services/mailbox-transport/app/app.h"

#include <utility>

#include "common/dns/probe.h"
#include "common/io/signals.h"
#include "common/kubernetes/probe.h"
#include "common/observe/log.h"
#include "common/observe/process_metrics.h"
#include "common/rpc/grpc_log.h"
#include "services/mailbox-transport/admin/probe.h"
#include "services/mailbox-transport/app/state.h"

namespace postern::app {

namespace {

constexpr absl::Duration kServiceStop = absl::Seconds(5);

}  // namespace

App::App(std::unique_ptr<State> state) : state_(std::move(state)) {}

App::~App() {
  Stop();
}

absl::StatusOr<std::unique_ptr<App>> App::Start(const AppSettings& settings) {
  rpc::LogGrpc();
  std::unique_ptr<App> app(new App(std::make_unique<State>(settings)));
  State& state = *app->state_;
  observe::AddProcessMetrics(state.registry, "mailbox-transport");
  smtp::AddReadings(state.registry, "postern_deliver", state.engine_counters);
  auto http = observe::HttpServer::Start(*settings.endpoints.http_address, state.registry, "start");
  if (!http.ok()) return http.status();
  state.http = std::move(*http);

  using Step = absl::Status (State::*)();
  for (const Step step :
       {&State::StartStore, &State::StartIdentity, &State::StartDirectory, &State::StartProvisions,
        &State::StartIoThreads, &State::StartLogs, &State::StartPipeline, &State::StartAccept,
        &State::StartServices, &State::StartPresence}) {
    if (absl::Status started = (state.*step)(); !started.ok()) return started;
    if (io::StopWanted()) return absl::CancelledError("stopped while starting");
  }
  // What changed while the parts were started.
  {
    const std::lock_guard lock(state.directory_mutex);
    state.running = true;
  }
  state.DirectoryChanged();
  state.submission_server->SetServing(true);
  state.admin_server->SetServing(true);
  state.http->SetReady("start");
  POSTERN_LOG(kInfo, "accept", "ready",
              {{"server", state.server_name},
               {"site", state.site},
               {"submission_port", app->submission_port()},
               {"admin_port", app->admin_port()},
               {"http_port", app->http_port()}});
  return app;
}

void App::Stop() {
  State& state = *state_;
  if (std::exchange(state.stopped, true)) return;
  POSTERN_LOG(kInfo, "accept", "stopping");
  if (state.http != nullptr) state.http->SetNotReady("stop", "stopping");
  state.HandOverIfScaledIn();
  for (const auto& server : {state.submission_server.get(), state.admin_server.get()}) {
    if (server != nullptr) server->SetServing(false);
  }
  // One span for all that is waited for, one after the other.
  const absl::Time until = absl::Now() + *state.settings.server.stop_grace;
  const auto left = [until] { return std::max(until - absl::Now(), absl::ZeroDuration()); };
  if (state.pipeline != nullptr) state.pipeline->StopWork();
  if (state.statuses != nullptr) state.statuses->Stop();
  if (state.admin != nullptr) state.admin->Stop();
  if (state.directory_service != nullptr) state.directory_service->Stop();
  if (state.tracking_service != nullptr) state.tracking_service->Stop();
  if (state.directory != nullptr) state.directory->Stop();
  if (state.accept != nullptr) state.accept->Stop(left());
  if (state.submission != nullptr) state.submission->Stop(left());
  if (state.relay != nullptr) state.relay->Stop(left());
  // Before the servers, whose peers may be slow to go.
  if (state.pipeline != nullptr) state.pipeline->Stop(left());
  if (state.submission_server != nullptr) state.submission_server->Stop(kServiceStop);
  if (state.admin_server != nullptr) state.admin_server->Stop(kServiceStop);
  // At last, as it says what stays here.
  if (state.presence != nullptr) state.presence->Stop();

  state.resources.reset();
  if (state.http != nullptr) state.http->CloseMetrics();
  state.presence.reset();
  state.statuses.reset();
  state.certificates.reset();
  state.accept.reset();
  state.submission.reset();
  state.relay.reset();
  state.admin.reset();
  state.directory_service.reset();
  state.tracking_service.reset();
  // What is settled is written before the store closes; its callbacks may still ask the pipeline.
  state.store.reset();
  state.pipeline.reset();
  for (const auto& io_thread : state.io_threads) {
    io_thread->executor.Run([&] { io_thread->dns.reset(); });
    io_thread->executor.Stop();
  }
  state.http.reset();
}

int App::smtp_port(const std::string& listener) const {
  return state_->accept->endpoint(listener).port;
}

int App::submission_port() const {
  return state_->submission_server->port();
}

int App::admin_port() const {
  return state_->admin_server->port();
}

int App::http_port() const {
  return state_->http->port();
}

const observe::Registry& App::registry() const {
  return state_->registry;
}

void DeclareMetrics(observe::Registry& registry) {
  observe::AddProcessMetrics(registry, "mailbox-transport");
  static const smtp::EngineCounters counters;
  smtp::AddReadings(registry, "postern_deliver", counters);
  smtp::DeclareProvisions(registry, "deliver");
  static const pipeline::RouteCounts route;
  pipeline::AddReadings(registry, route);
  pipeline::AddSubmissionReading(registry, [] { return std::size_t{0}; });
  pipeline::AddLogReadings(registry, nullptr, nullptr);
  const admin::DirectoryProbe directory(registry);
  admin::AddReadings(registry, [] { return directory::DirectoryReadings(); });
  kubernetes::AddReadings(registry, nullptr, nullptr);
  pipeline::DeclareResourceMetrics(registry);
  const accept::Probe accept(registry);
  const store::Probe store(registry);
  const queue::Probe queue(registry);
  const dns::Probe dns(registry, "internal");
  registry.AddReading(kListenerExpiryMetric, kAboutListenerExpiry, [] { return 0.0; });
  registry.AddReading(rpc::kExpiryMetric, rpc::kAboutExpiry, [] { return 0.0; });
  const settle::Probe settle(registry);
  deliver::Probe deliver(registry, "site");
  smtp::TlsReports reports(base::Clock::System(), smtp::TlsReports::Options());
  const deliver::TlsFeed tls_sessions(reports, registry);
  deliver.Attempted("connector", deliver::Way::kDirect, smtp::Outcome(), absl::ZeroDuration());
}

}  // namespace postern::app
