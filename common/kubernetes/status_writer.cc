#include "common/kubernetes/status_writer.h"

#include <utility>

#include "absl/time/clock.h"
#include "google/protobuf/util/message_differencer.h"

#include "common/base/random.h"
#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::kubernetes {

namespace {

constexpr std::size_t kLeasesBytesMax = 16 * 1024 * 1024;
constexpr absl::Duration kSameAgainAfter = absl::Minutes(10);
constexpr absl::Duration kReleaseMax = absl::Seconds(1);

}  // namespace

StatusWriter::StatusWriter(const KubernetesSettings& settings,
                           const Access& access,
                           const KubernetesSource& source,
                           const std::string& server,
                           ReadyOf ready_of)
    : settings_(settings),
      access_(access),
      source_(source),
      ready_of_(std::move(ready_of)),
      channel_(access.OpenChannel()),
      election_(access,
                std::string(kLease),
                base::Cat(server, "_", base::Random::System().Uuid()),
                *settings.lease_duration) {}

StatusWriter::~StatusWriter() {
  Stop();
}

void StatusWriter::Start() {
  ticker_.emplace("status-writer", absl::ZeroDuration(), [this] {
    NoteFailure(RunOnce());
    const std::lock_guard lock(mutex_);
    holds_ = election_.held();
    if (!holds_) orphaned_ = 0;
    return *settings_.status_interval;
  });
}

void StatusWriter::Stop() {
  if (!ticker_) return;
  ticker_->Close();
  channel_->Stop();
  ticker_.reset();
  // The channel that was stopped asks no more.
  if (const auto channel = access_.channel(); channel.ok()) {
    election_.Release(**channel, kReleaseMax);
  }
}

bool StatusWriter::holds() const {
  const std::lock_guard lock(mutex_);
  return holds_;
}

std::uint64_t StatusWriter::written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

std::uint64_t StatusWriter::orphaned() const {
  const std::lock_guard lock(mutex_);
  return orphaned_;
}

absl::Status StatusWriter::RunOnce() {
  const absl::Time now = absl::Now();
  const auto held = election_.Hold(*channel_, now);
  if (!held.ok()) return held.status();
  if (!*held) {
    sightings_ = Sightings();
    return absl::OkStatus();
  }
  if (absl::Status noted = NoteLeases(now); !noted.ok()) return noted;
  NoteOrphans(now);
  // What we know may be old: then it is for later.
  if (source_.readings().stale || !sightings_.complete(now)) return absl::OkStatus();
  return Write(now);
}

absl::Status StatusWriter::NoteLeases(absl::Time now) {
  std::vector<Json> leases;
  std::string next;
  do {
    std::string path = base::Cat(access_.LeasesPath(), "?labelSelector=", Escaped(kServerLabel),
                                 "&limit=", *settings_.list_page);
    if (!next.empty()) path += base::Cat("&continue=", Escaped(next));
    auto call = access_.Request("GET", std::move(path));
    if (!call.ok()) return call.status();
    call->body_bytes_max = kLeasesBytesMax;
    const auto answer = Asked(*channel_, *std::move(call), "list of leases");
    if (!answer.ok()) return answer.status();
    const auto list = ParseJson(answer->body);
    if (!list.ok()) return base::Annotate(list.status(), "list of leases");
    if (const Json* items = Find(*list, {"items"})) {
      leases.insert(leases.end(), items->list_value().values().begin(),
                    items->list_value().values().end());
    }
    next = TextAt(*list, {"metadata", "continue"});
  } while (!next.empty() && leases.size() < Collection::kObjectsMax);
  sightings_.Note(leases, now);
  std::erase_if(sent_, [now](const auto& sent) { return now - sent.second.at >= kSameAgainAfter; });
  return absl::OkStatus();
}

absl::Status StatusWriter::Write(absl::Time now) {
  const KubernetesSource::View view = source_.view();
  if (!view.complete) return absl::OkStatus();
  const directory::SnapshotPtr snapshot = source_.current();
  const std::set<std::string> live = sightings_.live(now);
  const std::map<std::string, std::string> not_ready = sightings_.not_ready(now);
  const StatusInputs inputs{view, *snapshot, live, not_ready, orphans_, ready_of_};
  int patches = 0;
  absl::Status status;
  for (const auto& [kind, objects] : view.objects) {
    for (const auto& [name, object] : objects) {
      const auto wanted = StatusFor(kind, *object, inputs);
      const auto patch = wanted ? PatchFor(*object, *wanted, now) : std::nullopt;
      if (!patch || WasSent(*object, *patch, now)) continue;
      if (++patches > kPatchesMax) return status;
      const auto still = election_.Hold(*channel_, absl::Now());
      if (!still.ok() || !*still) return still.status();
      const absl::Status patched = Patch(kind, *object, *patch);
      if (patched.ok()) sent_[object->place] = {*patch, now};
      // One that has just been deleted is no failure; what fails for one may go well for another.
      if (absl::IsNotFound(patched)) continue;
      if (absl::IsUnavailable(patched) || absl::IsDeadlineExceeded(patched) ||
          absl::IsCancelled(patched) || absl::IsResourceExhausted(patched)) {
        return patched;
      }
      status.Update(patched);
    }
  }
  return status;
}

bool StatusWriter::WasSent(const Object& object, const Json& patch, absl::Time now) const {
  const auto sent = sent_.find(object.place);
  return sent != sent_.end() && now - sent->second.at < kSameAgainAfter &&
         google::protobuf::util::MessageDifferencer::Equals(sent->second.patch, patch);
}

absl::Status StatusWriter::Patch(directory::Kind kind, const Object& object, const Json& patch) {
  auto call = access_.Request(
      "PATCH", base::Cat(access_.PathOf(kind), "/", Escaped(object.name), "/status"));
  if (!call.ok()) return call.status();
  call->body = WriteJson(patch);
  call->content_type = "application/merge-patch+json";
  call->body_bytes_max = Feed::kEventBytesMax;
  const auto answer = Asked(*channel_, *std::move(call), base::Cat("status of ", object.place));
  if (!answer.ok()) return answer.status();
  const std::lock_guard lock(mutex_);
  ++written_;
  return absl::OkStatus();
}

// A Lease is judged by our own clock: one that we see for the first time is no orphan yet.
void StatusWriter::NoteOrphans(absl::Time now) {
  std::map<std::string, std::uint64_t> orphans = sightings_.orphaned(now);
  // Whoever deletes the TransportServer has dealt with its mail.
  const directory::SnapshotPtr snapshot = source_.current();
  std::erase_if(orphans,
                [&](const auto& one) { return snapshot->FindServer(one.first) == nullptr; });
  std::uint64_t sum = 0;
  for (const auto& [server, messages] : orphans) {
    sum += messages;
    if (orphans_.count(server) != 0) continue;
    POSTERN_LOG(kError, "store", "mail lies in the volume of a server that is gone",
                {{"server", server}, {"messages", messages}});
  }
  orphans_ = std::move(orphans);
  const std::lock_guard lock(mutex_);
  orphaned_ = sum;
}

void StatusWriter::NoteFailure(const absl::Status& status) {
  std::string failure(base::MessageOf(status));
  const bool news = failure != last_failure_;
  last_failure_ = std::move(failure);
  if (!news || status.ok() || absl::IsCancelled(status)) return;
  POSTERN_LOG(kWarning, "directory", "the conditions of the resources cannot be written",
              {{"error", status}});
}

}  // namespace postern::kubernetes
