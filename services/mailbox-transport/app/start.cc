// The parts of a mailbox-transport, started in order.

#include <utility>

#include "common/base/host_name.h"
#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/app/state.h"

namespace postern::app {

namespace {

accept::Policy PolicyOf(const directory::TransportConfig& config) {
  accept::Policy policy;
  policy.max_receive_size = config.max_receive_size;
  policy.max_recipient_envelope_limit = config.max_recipient_envelope_limit;
  return policy;
}

void AddDirectoryReadings(observe::Registry& registry, const directory::DirectoryWatch& watch) {
  registry.AddReading("postern_directory_stale", "1 while the copy kept on disk is served.",
                      [&watch] { return watch.readings().stale ? 1.0 : 0.0; });
  registry.AddReading("postern_directory_last_load_ok", "1 when the last load brought no error.",
                      [&watch] { return watch.readings().last_load_ok ? 1.0 : 0.0; });
  registry.AddReading("postern_directory_generation", "Snapshots in force since the start.",
                      [&watch] { return static_cast<double>(watch.readings().generation); });
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

absl::Status App::State::StartDirectory() {
  directory = std::make_unique<directory::DirectoryWatch>(settings.directory);
  absl::Status started =
      directory->Start([this](const directory::SnapshotPtr&) { DirectoryChanged(); });
  if (!started.ok()) return started;
  AddDirectoryReadings(registry, *directory);
  const directory::SnapshotPtr snapshot = directory->current();
  if (snapshot->FindServer(server_name) == nullptr) {
    return base::Error(absl::StatusCode::kFailedPrecondition, "server.name: \"", server_name,
                       "\" is not a TransportServer of the directory ", *settings.directory.path,
                       ": add one with metadata.name ", server_name);
  }
  site = std::string(snapshot->SiteOf(server_name));
  return absl::OkStatus();
}

absl::Status App::State::StartFloors() {
  for (int i = 0; i < *settings.server.io_threads; ++i) {
    auto floor = std::make_unique<Floor>(i);
    floor->executor.Start();
    absl::Status made;
    floor->executor.Run([&] {
      dns::CaresResolver::Options options;
      options.servers = *settings.deliver.dns_servers;
      auto resolver = dns::CaresResolver::Make(floor->executor, std::move(options));
      if (!resolver.ok()) {
        made = base::Annotate(resolver.status(), "deliver.dns_servers");
        return;
      }
      floor->resolver = std::move(*resolver);
      floor->cache =
          std::make_unique<dns::CachingResolver>(*floor->resolver, base::Clock::System());
    });
    floors.push_back(std::move(floor));
    if (!made.ok()) return made;
  }
  return absl::OkStatus();
}

absl::Status App::State::StartPipeline() {
  pipeline::Pipeline::Parts parts{{},
                                  {},
                                  *store,
                                  disk,
                                  base::Clock::System(),
                                  base::Random::System(),
                                  registry,
                                  dialer,
                                  tls,
                                  engine_counters,
                                  settings.server,
                                  {settings.queue, settings.settle, settings.deliver, settings.rpc,
                                   server_name, site, outside_name}};
  for (const auto& floor : floors) {
    parts.executors.push_back(&floor->executor);
    parts.resolvers.push_back(floor->cache.get());
  }
  pipeline = std::make_unique<pipeline::Pipeline>(parts);
  pipeline->SetDirectory(directory->current());
  return pipeline->Restore();
}

absl::Status App::State::StartAccept() {
  std::vector<io::Executor*> executors;
  for (const auto& floor : floors)
    executors.push_back(&floor->executor);
  const accept::Server::Parts parts{executors, auth_pool, *pipeline, registry, outside_name};
  auto made =
      accept::Server::Make(parts, settings.accept, PolicyOf(directory->current()->config()));
  if (!made.ok()) return made.status();
  accept = std::move(*made);
  if (absl::Status started = accept->Start(); !started.ok()) return started;
  certificates = std::make_unique<CertificateWatch>(*settings.accept.certificate_file,
                                                    *settings.accept.key_file,
                                                    [this] { return accept->ReloadCertificate(); });
  registry.AddReading("postern_accept_certificate_expires_seconds",
                      "When the listeners' certificate ends, in seconds since 1970; 0 without one.",
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
  for (const auto& floor : floors)
    parts.executors.push_back(&floor->executor);
  submission = std::make_unique<admin::SubmissionService>(parts);
  rpc::Server::Options options;
  options.address = *settings.endpoints.submission_address;
  options.client = rpc::ClientCertificate::kOptional;
  auto submissions = rpc::Server::Start(settings.rpc, options, {submission->service()});
  if (!submissions.ok()) return base::Annotate(submissions.status(), "server.submission_address");
  submission_server = std::move(*submissions);

  relay = std::make_unique<admin::RelayService>(admin::RelayService::Parts{
      *authority, parts.executors, *pipeline, [this] { return accept->rules(); }, registry,
      server_name, outside_name});
  admin = std::make_unique<admin::AdminService>(
      admin::AdminService::Parts{*authority, *pipeline, disk});
  options.address = *settings.endpoints.admin_address;
  options.client = rpc::ClientCertificate::kRequired;
  options.reflection = true;
  auto admins = rpc::Server::Start(settings.rpc, options, {admin->service(), relay->service()});
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
}

}  // namespace postern::app
