// The parts of a mailbox-transport that speak to a Kubernetes API server.

#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/io/signals.h"
#include "common/kubernetes/api_writer.h"
#include "common/kubernetes/probe.h"
#include "common/kubernetes/stateful_set.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/app/hand_over.h"
#include "services/mailbox-transport/app/state.h"
#include "services/mailbox-transport/deliver/deliver.h"

namespace postern::app {

namespace {

constexpr absl::Duration kRegisterAgain = absl::Seconds(1);
constexpr absl::Duration kMovedWithin = absl::Seconds(5);

}  // namespace

absl::Status App::State::MakeKubernetes() {
  auto made = kubernetes::Access::Make(settings.kubernetes);
  if (!made.ok()) return made.status();
  api = *std::move(made);
  http->SetNotReady("directory", base::Cat("waits for the directory of ", api->origin()));
  auto source =
      std::make_unique<kubernetes::KubernetesSource>(settings.directory, settings.kubernetes, *api);
  followed_api = source.get();
  directory = std::move(source);
  managed = std::make_unique<kubernetes::ApiWriter>(*api, *followed_api);
  load_directory = [] { return absl::OkStatus(); };  // a change that is answered is in force
  presence = std::make_unique<kubernetes::Presence>(settings.kubernetes, *api, server_name,
                                                    [this] { return Report(); });
  return absl::OkStatus();
}

// A server that the directory does not have yet, or in another site, comes into it, if the settings
// say so.
absl::Status App::State::RegisterServer() {
  if (presence == nullptr || !presence->registers()) return absl::OkStatus();
  const directory::SnapshotPtr now = directory->current();
  const std::string& ours = *settings.kubernetes.site;
  if (now->FindSite(ours) == nullptr) {
    return base::Error(absl::StatusCode::kFailedPrecondition, "kubernetes.site: \"",
                       base::Printable(ours), "\" is not a Site of the directory ",
                       DirectoryPlace(), ": apply one first");
  }
  const auto there = [this, &ours](const directory::Snapshot& snapshot) {
    return base::EqualsIgnoreCase(snapshot.SiteOf(server_name), ours);
  };
  if (there(*now)) return absl::OkStatus();
  const absl::Time end = absl::Now() + *settings.kubernetes.start_timeout;
  absl::Status registered = presence->Register();
  while (!registered.ok() && absl::Now() < end && !io::StopWanted()) {
    POSTERN_LOG(kWarning, "directory", "this server cannot be registered yet",
                {{"server", server_name}, {"error", registered}});
    absl::SleepFor(kRegisterAgain);
    registered = presence->Register();
  }
  if (!registered.ok()) return base::Annotate(registered, "kubernetes.site");
  // When it does not come, what follows says that the directory lacks it, or names another site: a
  // manifest of somebody else stays as it is.
  const bool moves = now->FindServer(server_name) != nullptr;
  followed_api->WaitFor(there, moves ? kMovedWithin : end - absl::Now());
  return absl::OkStatus();
}

kubernetes::Presence::Report App::State::Report() const {
  kubernetes::Presence::Report report;
  const directory::SnapshotPtr snapshot = directory->current();
  report.snapshot = snapshot->version();
  report.site_there = snapshot->FindSite(*settings.kubernetes.site) != nullptr;
  const kubernetes::ObjectPtr ours =
      followed_api->Held(directory::Kind::kTransportServer, base::LowerAscii(server_name));
  if (ours != nullptr) report.uid = ours->uid;
  for (const connector::SendConnector& connector : snapshot->connectors()) {
    const v1::Condition ready = readiness->ConditionOf(connector, *snapshot);
    if (ready.status() != "False") continue;
    report.not_ready[connector.slug] = base::Cat(ready.reason(), ": ", ready.message());
  }
  const auto queued = io::RunTask(pipeline->shards().front()->executor(), pipeline->QueuedNow());
  if (queued.ok()) report.messages = *queued;
  return report;
}

void App::State::HandOverIfScaledIn() {
  const absl::Duration most = *settings.server.hand_over_time;
  if (!api || !running || most <= absl::ZeroDuration()) return;
  const auto scaled_in = kubernetes::IsScaledIn(*api, server_name);
  if (!scaled_in.ok()) {
    POSTERN_LOG(kWarning, "deliver", "mail stays here: nobody says whether this server comes back",
                {{"server", server_name}, {"error", scaled_in.status()}});
    return;
  }
  if (*scaled_in) HandOver(*pipeline, base::Clock::System(), most);
}

absl::Status App::State::StartPresence() {
  if (presence == nullptr) {
    kubernetes::AddReadings(registry, nullptr, nullptr);
    return absl::OkStatus();
  }
  if (*settings.kubernetes.write_status) {
    statuses = std::make_unique<kubernetes::StatusWriter>(
        settings.kubernetes, *api, *followed_api, server_name,
        [this](const connector::SendConnector& connector, const directory::Snapshot& snapshot) {
          return readiness->ConditionOf(connector, snapshot);
        });
    statuses->Start();
  }
  kubernetes::AddReadings(registry, presence.get(), statuses.get());
  presence->Start();
  return absl::OkStatus();
}

}  // namespace postern::app
