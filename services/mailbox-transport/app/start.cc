// The parts of a mailbox-transport, started in order.

#include <utility>

#include "common/base/host_name.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/directory/file_source.h"
#include "common/directory/followed_source.h"
#include "common/directory/managed_folder.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/admin/probe.h"
#include "services/mailbox-transport/app/state.h"
#include "services/mailbox-transport/deliver/deliver.h"

namespace postern::app {

namespace {

accept::Policy PolicyOf(const directory::TransportConfig& config) {
  accept::Policy policy;
  policy.max_receive_size = config.max_receive_size;
  policy.max_recipient_envelope_limit = config.max_recipient_envelope_limit;
  return policy;
}

// Whether what a Send connector needs on this machine is there.
admin::CheckReady ConnectorCheck(const deliver::DeliverSettings& settings,
                                 std::string own_name,
                                 const smtp::EngineStores& stores) {
  return [direct_egress = *settings.direct_egress, own_name = std::move(own_name),
          stores](const connector::SendConnector& connector) {
    return deliver::CheckReady(connector, direct_egress, own_name, stores.credentials,
                               stores.certificates);
  };
}

admin::TlsReportSource ReportSource(const deliver::DeliverSettings& settings,
                                    const std::string& outside_name) {
  admin::TlsReportSource source;
  source.organization = *settings.tls_report_organization;
  if (source.organization.empty()) source.organization = outside_name;
  source.contact = *settings.tls_report_contact;
  if (source.contact.empty()) source.contact = base::Cat("postmaster@", outside_name);
  source.host = outside_name;
  source.since = base::Cat(absl::ToUnixSeconds(base::Clock::System().Now()));
  return source;
}

}  // namespace

absl::Status App::State::StartStore() {
  server_name = base::HostName(*settings.server.name);
  outside_name = settings.server.fqdn->empty() ? server_name : *settings.server.fqdn;
  if (outside_name.find('.') == std::string::npos) {
    POSTERN_LOG(kWarning, "accept", "set server.fqdn: the name for the outside has no dot",
                {{"name", outside_name}});
  }
  auto opened = store::RocksStore::Open(settings.store, registry);
  if (!opened.ok()) return opened.status();
  store = std::move(*opened);
  return absl::OkStatus();
}

// Before the directory: a follower proves itself to its writer.
absl::Status App::State::StartIdentity() {
  POSTERN_ASSIGN_OR_RETURN(own_certificate,
                           rpc::OwnCertificate::Start(settings.rpc, "mailbox-transport"));
  registry.AddReading(rpc::kExpiryMetric, rpc::kAboutExpiry,
                      [this] { return own_certificate->expires_unix_seconds(); });
  return absl::OkStatus();
}

absl::Status App::State::MakeSource() {
  if (absl::Status good = directory::CheckSettings(settings.directory); !good.ok()) return good;
  if (*settings.directory.source == "kubernetes") return MakeKubernetes();
  return settings.directory.writer->empty() ? MakeFiles() : MakeFollower();
}

absl::Status App::State::MakeFiles() {
  auto source = std::make_unique<directory::FileSource>(settings.directory);
  auto folder = std::make_unique<directory::ManagedFolder>(settings.directory, source->reader());
  if (const absl::Status recovered = folder->Recover(); !recovered.ok()) {
    POSTERN_LOG(kWarning, "directory", "what the last change left cannot be looked after",
                {{"path", *settings.directory.path}, {"error", recovered}});
  }
  managed = std::move(folder);
  load_directory = [at = source.get()] { return at->LoadNow(); };
  directory = std::move(source);
  return absl::OkStatus();
}

std::string App::State::DirectoryPlace() const {
  if (api) return base::Cat("of namespace ", api->name_space(), " of ", api->origin());
  return writer == nullptr ? *settings.directory.path : *settings.directory.writer;
}

absl::Status App::State::MakeFollower() {
  const std::string& writer_address = *settings.directory.writer;
  auto client = rpc::DirectoryClient::Make(settings.rpc, writer_address);
  if (!client.ok()) return base::Annotate(client.status(), "directory.writer");
  writer = std::move(*client);
  http->SetNotReady("directory", base::Cat("waits for the directory of ", writer_address));
  directory = std::make_unique<directory::FollowedSource>(
      settings.directory,
      [this](const v1::WatchResourcesRequest& request) { return writer->Watch(request); });
  return absl::OkStatus();
}

absl::Status App::State::StartDirectory() {
  if (absl::Status made = MakeSource(); !made.ok()) return made;
  absl::Status started =
      directory->Start([this](const directory::SnapshotPtr&) { DirectoryChanged(); });
  if (!started.ok()) return started;
  if (absl::Status registered = RegisterServer(); !registered.ok()) return registered;
  http->SetReady("directory");
  admin::AddReadings(registry, [this] { return directory->readings(); });
  const directory::SnapshotPtr snapshot = directory->current();
  const directory::TransportServer* const ours = snapshot->FindServer(server_name);
  if (ours == nullptr) {
    return base::Error(absl::StatusCode::kFailedPrecondition, "server.name: \"", server_name,
                       "\" is not a TransportServer of the directory ", DirectoryPlace(),
                       ": add one with metadata.name ", server_name);
  }
  server_name = ours->name;  // as the others write it
  site = std::string(snapshot->SiteOf(server_name));
  return own_certificate->SetSite(site, base::Cat("the TransportServer ", server_name));
}

absl::Status App::State::StartProvisions() {
  smtp::Provisions::Options options;
  options.step = "deliver";
  options.tls_ca_file = *settings.deliver.tls_ca_file;
  options.certificates_path = *settings.deliver.certificates_path;
  options.secrets_path = *settings.deliver.secrets_path;
  options.implicit_tls_ports = *settings.deliver.implicit_tls_ports;
  options.protocol_log = settings.protocol_log;
  options.protocol_folder = base::Cat(*settings.store.path, ".logs/protocol");
  options.connectivity_log = settings.connectivity_log;
  options.connectivity_folder = base::Cat(*settings.store.path, ".logs/connectivity");
  options.security = settings.security;
  auto made = smtp::Provisions::Make(std::move(options), disk, registry);
  if (!made.ok()) return made.status();
  provisions = *std::move(made);
  return absl::OkStatus();
}

absl::Status IoThread::Start(const deliver::DeliverSettings& settings,
                             const dns::DnsSettings& lookups,
                             observe::Registry& registry) {
  POSTERN_ASSIGN_OR_RETURN(dns, dns::Resolvers::Make(executor, lookups, settings.dns_servers,
                                                     settings.external_dns_servers, registry));
  return absl::OkStatus();
}

absl::Status App::State::StartIoThreads() {
  for (int i = 0; i < *settings.server.io_threads; ++i) {
    auto io_thread = std::make_unique<IoThread>(i);
    io_thread->executor.Start();
    absl::Status made;
    io_thread->executor.Run(
        [&] { made = io_thread->Start(settings.deliver, settings.dns, registry); });
    io_threads.push_back(std::move(io_thread));
    if (!made.ok()) return made;
  }
  std::vector<io::Executor*> executors;
  for (const auto& io_thread : io_threads)
    executors.push_back(&io_thread->executor);
  watchdog = std::make_unique<io::Watchdog>(executors);
  watchdog->Serve(registry, *http);
  if (*settings.security.dane) io_threads.front()->dns->WarnOfDistrust("deliver");
  return absl::OkStatus();
}

absl::Status App::State::StartLogs() {
  const std::string folder = base::Cat(*settings.store.path, ".logs/");
  auto tracks = pipeline::Tracking::Open(settings.message_tracking_log, server_name,
                                         base::Cat(folder, "message-tracking"));
  if (!tracks.ok()) return tracks.status();
  tracking = *std::move(tracks);
  auto routes = pipeline::RoutingLog::Open(settings.routing_log, base::Cat(folder, "routing"));
  if (!routes.ok()) return routes.status();
  routing_log = *std::move(routes);
  pipeline::AddLogReadings(registry, tracking.get(), routing_log.get());
  return absl::OkStatus();
}

absl::Status App::State::StartPipeline() {
  if (absl::Status good = queue::CheckSettings(settings.queue); !good.ok()) return good;
  for (const std::string& warning : queue::WarningsOf(settings.queue))
    POSTERN_LOG(kWarning, "queue", "check the settings", {{"why", warning}});
  POSTERN_ASSIGN_OR_RETURN(dns::LookupRules rules, dns::RulesOf(settings.dns));
  pipeline::Pipeline::Parts parts{{},
                                  {},
                                  *store,
                                  disk,
                                  base::Clock::System(),
                                  base::Random::System(),
                                  registry,
                                  dialer,
                                  provisions->tls(),
                                  engine_counters,
                                  settings.pipeline,
                                  {settings.queue, settings.settle, settings.deliver, settings.rpc,
                                   server_name, site, outside_name},
                                  provisions->stores()};
  parts.lookup = std::move(rules);
  parts.tracking = tracking.get();
  parts.routing_log = routing_log.get();
  for (const auto& io_thread : io_threads) {
    parts.executors.push_back(&io_thread->executor);
    parts.resolvers.push_back(&io_thread->dns->internal());
    dns::Resolver* const external = io_thread->dns->external();
    if (external != nullptr) parts.external_resolvers.push_back(external);
  }
  pipeline = std::make_unique<pipeline::Pipeline>(parts);
  // Who drains takes no mail: clients are to find another server behind the same name.
  pipeline->OnRefusal([this](absl::Time until) {
    http->SetNotReady("drain", "the server hands its queues to others", until);
  });
  pipeline->SetDirectory(directory->current());
  if (absl::Status restored = pipeline->Restore(); !restored.ok()) return restored;
  StartResources();
  return absl::OkStatus();
}

void App::State::StartResources() {
  pipeline::ResourceMonitor::Sources sources;
  sources.store_path = *settings.store.path;
  // The other logs are beside it, or are written only when asked for.
  sources.log_path = tracking == nullptr ? *settings.protocol_log.path : tracking->folder();
  sources.submission_length = [this] { return pipeline->submission_length(); };
  sources.commit_latency = [this] { return store->TakeLongestWait(); };
  resources = std::make_unique<pipeline::ResourceMonitor>(settings.pressure, std::move(sources),
                                                          registry, pipeline->pressure());
}

absl::Status App::State::StartAccept() {
  std::vector<io::Executor*> executors;
  for (const auto& io_thread : io_threads)
    executors.push_back(&io_thread->executor);
  const accept::Server::Parts parts{executors, auth_pool, *pipeline, registry, outside_name};
  auto made =
      accept::Server::Make(parts, settings.accept, PolicyOf(directory->current()->config()));
  if (!made.ok()) return made.status();
  accept = std::move(*made);
  if (absl::Status started = accept->Start(); !started.ok()) return started;
  certificates = std::make_unique<CertificateWatch>(*settings.accept.certificate_file,
                                                    *settings.accept.key_file,
                                                    [this] { return accept->ReloadCertificate(); });
  registry.AddReading(kListenerExpiryMetric, kAboutListenerExpiry,
                      [this] { return certificates ? certificates->expires_unix_seconds() : 0.0; });
  return absl::OkStatus();
}

absl::Status App::State::StartServices() {
  auto made = rpc::Authority::Make(settings.rpc);
  if (!made.ok()) return made.status();
  authority = std::move(*made);

  admin::SubmissionService::Parts parts{
      *authority,           {},       *pipeline,   [this] { return accept->rules(); },
      accept->rate_limit(), registry, outside_name};
  for (const auto& io_thread : io_threads)
    parts.executors.push_back(&io_thread->executor);
  submission = std::make_unique<admin::SubmissionService>(parts);
  rpc::Server::Options options;
  options.address = *settings.endpoints.submission_address;
  options.client = rpc::ClientCertificate::kOptional;
  options.health = false;
  options.message_bytes_max = static_cast<int>(settings.accept.submit_bytes_max->bytes);
  auto submissions = rpc::Server::Start(settings.rpc, options, {submission->service()});
  if (!submissions.ok()) return base::Annotate(submissions.status(), "server.submission_address");
  submission_server = std::move(*submissions);

  relay = std::make_unique<admin::RelayService>(admin::RelayService::Parts{
      *authority, parts.executors, *pipeline, [this] { return accept->rules(); }, registry,
      server_name, outside_name});
  admin = std::make_unique<admin::AdminService>(admin::AdminService::Parts{
      *authority, *pipeline, disk, settings.rpc, [this] { return directory->current(); },
      ReportSource(settings.deliver, outside_name)});
  const admin::CheckReady check =
      ConnectorCheck(settings.deliver, outside_name, provisions->stores());
  readiness = std::make_unique<admin::Readiness>(server_name, check);
  directory_service = std::make_unique<admin::DirectoryService>(admin::DirectoryService::Parts{
      *authority, io_threads.front()->executor, registry, *directory, server_name, check,
      *settings.directory.writer, managed.get(), load_directory});
  tracking_service = std::make_unique<admin::TrackingService>(admin::TrackingService::Parts{
      *authority, settings.rpc, io_threads.front()->executor, disk,
      [this] { return directory->current(); }, server_name, tracking.get()});
  options = {.address = *settings.endpoints.admin_address,
             .client = rpc::ClientCertificate::kRequired,
             .reflection = true};
  auto admins = rpc::Server::Start(settings.rpc, options,
                                   {admin->service(), directory_service->service(),
                                    relay->service(), tracking_service->service()});
  if (!admins.ok()) return base::Annotate(admins.status(), "server.admin_address");
  admin_server = std::move(*admins);
  return absl::OkStatus();
}

void App::State::DirectoryChanged() {
  const std::lock_guard lock(directory_mutex);
  if (!running) return;
  // What is in force now, not what the caller saw: two callers may overtake one another.
  const directory::SnapshotPtr snapshot = directory->current();
  pipeline->SetDirectory(snapshot);
  accept->Reload(settings.accept, PolicyOf(snapshot->config()));
  directory_service->Changed();
}

}  // namespace postern::app
