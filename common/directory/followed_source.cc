#include "common/directory/followed_source.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/directory/build.h"
#include "common/observe/log.h"

namespace postern::directory {

namespace {

using Response = v1::WatchResourcesResponse;

ResourceKey KeyOf(const v1::Resource& resource) {
  return {KindOf(resource), base::LowerAscii(MetadataOf(resource).name())};
}

std::size_t BytesOf(const CheckedManifest& checked) {
  return std::visit([](const auto& held) { return held.ByteSizeLong(); }, checked.manifest.object);
}

}  // namespace

FollowedSource::FollowedSource(const DirectorySettings& settings,
                               Open open,
                               base::Random& random,
                               const FollowerWaits& waits)
    : RemoteSource({.name = "its writer",
                    .field = "writer",
                    .address = *settings.writer,
                    .wait = *settings.writer_timeout,
                    .wait_with_copy = waits.start_with_copy,
                    .advice = ": start the writer, or correct directory.writer; with "
                              "directory.cache the next start can do without it"},
                   DiskCopy(*settings.cache, "the writer", waits.copy_after)),
      open_(std::move(open)),
      random_(random),
      waits_(waits) {}

FollowedSource::~FollowedSource() {
  Stop();
}

void FollowedSource::TakeCopy(const SnapshotPtr& copy) {
  const ResourceIndex index(copy);
  for (std::size_t row = 0; row < index.rows().size(); ++row)
    Put(index.At(row), applied_).IgnoreError();  // it was within the limits when it was written
  applied_.version = copy->version();
}

void FollowedSource::Interrupt() {
  std::shared_ptr<rpc::WatchStream> stream;
  {
    const std::lock_guard lock(mutex_);
    stream = stream_;
  }
  if (stream != nullptr) stream->Cancel();
}

void FollowedSource::Run() {
  NoteHeard();
  absl::Duration pause = waits_.retry_first;
  while (true) {
    synced_ = false;
    const absl::Status ended = Follow();
    if (synced_) pause = waits_.retry_first;
    NoteLost(ended);
    if (!WaitFor(random_.HalfToAll(pause))) return;
    pause = std::min(2 * pause, waits_.retry_most);
  }
}

bool FollowedSource::WaitFor(absl::Duration span) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, absl::ToChronoNanoseconds(span), [this] { return stopping_; });
  return !stopping_;
}

// One call, until it ends.
absl::Status FollowedSource::Follow() {
  v1::WatchResourcesRequest request;
  request.set_snapshot_version(applied_.version);
  const std::shared_ptr<rpc::WatchStream> stream = open_(request);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return absl::CancelledError("stopping");
    stream_ = stream;
  }
  Replica coming = applied_;
  absl::Status status;
  absl::Time lost = absl::Now() + waits_.silence_max;
  while (status.ok()) {
    const absl::Time wake = std::min(lost, disk_copy_.due());
    const auto told = stream->Next(std::max(wake - absl::Now(), absl::ZeroDuration()));
    if (told.ok()) {
      NoteHeard();
      lost = absl::Now() + waits_.silence_max;
      status = Take(*told, coming);
    } else if (!absl::IsDeadlineExceeded(told.status()) || absl::Now() >= lost) {
      status = told.status();
    }
    if (absl::Now() >= disk_copy_.due()) disk_copy_.Write();
  }
  disk_copy_.Write();
  const std::lock_guard lock(mutex_);
  stream_.reset();
  return status;
}

absl::Status FollowedSource::Take(const Response& told, Replica& coming) {
  switch (told.type()) {
    case Response::RESET:
      coming = Replica();
      return absl::OkStatus();
    case Response::ADDED:
    case Response::MODIFIED:
      // A kind of a newer writer is none of ours.
      return HasObject(told.resource()) ? Put(told.resource(), coming) : absl::OkStatus();
    case Response::DELETED:
      if (HasObject(told.resource())) Drop(KeyOf(told.resource()), coming);
      return absl::OkStatus();
    case Response::SYNCED:
      coming.version = told.snapshot_version();
      return Apply(coming);
    default:
      return absl::OkStatus();
  }
}

absl::Status FollowedSource::Put(const v1::Resource& resource, Replica& coming) const {
  Manifest manifest;
  manifest.object = ToManifestObject(resource);
  manifest.file = address();
  const CheckedPtr checked = Check(std::move(manifest));
  const ResourceKey key = KeyOf(resource);
  Drop(key, coming);
  coming.bytes += BytesOf(*checked);
  if (coming.objects.size() >= kObjectsMax || coming.bytes > kBytesMax) {
    return base::Error(absl::StatusCode::kResourceExhausted, "the directory of ", address(),
                       " is larger than ", kObjectsMax, " objects or ", kBytesMax, " bytes");
  }
  coming.objects[key] = checked;
  return absl::OkStatus();
}

void FollowedSource::Drop(const ResourceKey& key, Replica& coming) {
  const auto found = coming.objects.find(key);
  if (found == coming.objects.end()) return;
  coming.bytes -= BytesOf(*found->second);
  coming.objects.erase(found);
}

// All of a snapshot is here. Also when it is the one that we have: then we know that it is not old.
absl::Status FollowedSource::Apply(Replica& coming) {
  const SnapshotPtr before = current();
  const bool known = before != nullptr && !before->stale() && coming.version == applied_.version;
  if (!known) {
    std::vector<CheckedPtr> manifests;
    manifests.reserve(coming.objects.size());
    for (const auto& [key, checked] : coming.objects)
      manifests.push_back(checked);
    std::vector<ManifestError> errors;
    SnapshotPtr snapshot = BuildSnapshot(manifests, errors);
    if (!errors.empty()) {
      return base::Error(absl::StatusCode::kFailedPrecondition,
                         "the writer's directory breaks a rule of this server, are their releases "
                         "far apart? ",
                         errors.front().ToString());
    }
    if (snapshot->version() != coming.version) {
      POSTERN_LOG(kWarning, "directory", "the writer knows fields that this server does not",
                  {{"writer_snapshot", coming.version}, {"snapshot", snapshot->version()}});
    }
    applied_ = coming;
    disk_copy_.Keep(snapshot);
    NoteFresh(/*loads=*/1);
    Publish(std::move(snapshot));
  } else {
    NoteFresh(/*loads=*/0);
  }
  if (!std::exchange(synced_, true)) {
    POSTERN_LOG(kInfo, "directory", "follows its writer",
                {{"writer", address()}, {"snapshot", coming.version}});
  }
  return absl::OkStatus();
}

void FollowedSource::NoteFresh(std::uint64_t loads) {
  const std::lock_guard lock(mutex_);
  readings_.loads += loads;
  readings_.stale = false;
  readings_.stale_since = absl::InfiniteFuture();
  readings_.last_load_ok = true;
  readings_.last_error.clear();
  readings_.last_good = absl::Now();
}

void FollowedSource::NoteHeard() {
  const std::lock_guard lock(mutex_);
  readings_.writer_heard = absl::Now();
}

void FollowedSource::NoteLost(const absl::Status& status) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    const std::string error(base::MessageOf(status));
    // Not a line for each try.
    first = readings_.last_error != error;
    readings_.last_error = error;
    readings_.last_load_ok = false;
    if (current_ != nullptr && !std::exchange(readings_.stale, true)) {
      readings_.stale_since = absl::Now();
    }
    ++readings_.failures;
  }
  if (!first) return;
  POSTERN_LOG(kWarning, "directory", "the writer is away; the last snapshot stays",
              {{"writer", address()}, {"error", status}});
}

}  // namespace postern::directory
