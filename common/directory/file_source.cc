#include "common/directory/file_source.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/directory/build.h"
#include "common/directory/manifest.h"
#include "common/directory/snapshot_cache.h"
#include "common/observe/log.h"

namespace postern::directory {

namespace {

// A file can change twice within one tick of the file system's clock and look the same: a load is
// only trusted when the newest change is older than this.
constexpr std::int64_t kClockGrainNs = 2'000'000'000;
constexpr int kQuietRoundsMax = 10;
constexpr int kReadsMax = 3;
constexpr std::size_t kErrorsShownMax = 100;

FolderState LookOrError(const std::string& path) {
  auto state = Look(path);
  if (state.ok()) return *std::move(state);
  FolderState unreadable;
  unreadable.error = std::string(base::MessageOf(state.status()));
  return unreadable;
}

absl::Status ErrorOf(const std::vector<ManifestError>& errors) {
  std::string text;
  for (std::size_t i = 0; i < std::min(errors.size(), kErrorsShownMax); ++i) {
    if (i != 0) text.push_back('\n');
    text += errors[i].ToString();
  }
  if (errors.size() > kErrorsShownMax) {
    text += base::Cat("\nand ", errors.size() - kErrorsShownMax, " more");
  }
  return absl::InvalidArgumentError(text);
}

absl::StatusOr<SnapshotPtr> ReadSnapshot(const std::string& path, const FolderState& state) {
  std::vector<ManifestError> errors;
  std::vector<Manifest> manifests;
  for (const FileState& file : state.files) {
    const auto text = ReadFileText(base::Cat(path, "/", file.path), kManifestBytesMax);
    if (!text.ok()) {
      errors.push_back({file.path, 0, std::string(base::MessageOf(text.status()))});
      continue;
    }
    auto found = ParseManifests(file.path, *text, errors);
    std::move(found.begin(), found.end(), std::back_inserter(manifests));
  }
  // Also with errors: the findings between objects are reported together with the others.
  SnapshotPtr snapshot = BuildSnapshot(manifests, errors);
  if (!errors.empty()) return ErrorOf(errors);
  return snapshot;
}

}  // namespace

absl::StatusOr<SnapshotPtr> LoadFolder(const std::string& path) {
  for (int i = 0; i < kReadsMax; ++i) {
    const auto before = Look(path);
    if (!before.ok()) return base::Annotate(before.status(), "directory");
    auto snapshot = ReadSnapshot(path, *before);
    // Files that changed under the reader would give a mix of two directories.
    const auto after = Look(path);
    if (after.ok() && *after == *before) return snapshot;
  }
  return base::Error(absl::StatusCode::kUnavailable, "directory ", path,
                     " changes while it is being read");
}

DirectoryWatch::DirectoryWatch(const DirectorySettings& settings)
    : path_(*settings.path),
      cache_(*settings.cache),
      poll_interval_(*settings.poll_interval),
      quiet_time_(*settings.quiet_time) {}

DirectoryWatch::~DirectoryWatch() {
  Stop();
}

absl::Status DirectoryWatch::Start(Changed changed) {
  {
    const std::lock_guard<std::mutex> run_lock(run_mutex_);
    Load(LookOrError(path_));
    if (current() == nullptr) {
      const std::string reason = readings().last_error;
      auto copy = cache_.empty() ? absl::NotFoundError("no snapshot is kept on disk")
                                 : LoadSnapshot(cache_);
      if (!copy.ok()) {
        return base::Error(absl::StatusCode::kFailedPrecondition, "there is no directory: ", reason,
                           "; and no copy: ", base::MessageOf(copy.status()));
      }
      POSTERN_LOG(kWarning, "directory", "starts with the copy on disk",
                  {{"file", cache_}, {"snapshot", (*copy)->version()}, {"reason", reason}});
      Publish(*std::move(copy));
    }
    changed_ = std::move(changed);
  }
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void DirectoryWatch::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

SnapshotPtr DirectoryWatch::current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return current_;
}

DirectoryReadings DirectoryWatch::readings() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return readings_;
}

void DirectoryWatch::Run() {
  while (WaitFor(poll_interval_))
    RunOnce();
}

bool DirectoryWatch::WaitFor(absl::Duration span) {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait_for(lock, absl::ToChronoNanoseconds(span), [this] { return stopping_; });
  return !stopping_;
}

void DirectoryWatch::RunOnce() {
  const std::lock_guard<std::mutex> run_lock(run_mutex_);
  FolderState now = LookOrError(path_);
  if (now == seen_ && settled_) return;
  if (now != seen_ && quiet_time_ > absl::ZeroDuration()) {
    for (int i = 0; i < kQuietRoundsMax; ++i) {
      if (!WaitFor(quiet_time_)) return;
      FolderState next = LookOrError(path_);
      if (next == now) break;
      now = std::move(next);
    }
  }
  Load(std::move(now));
}

void DirectoryWatch::Load(FolderState state) {
  const bool again = state == seen_;
  const std::int64_t started_ns = absl::ToUnixNanos(absl::Now());
  auto snapshot = LoadFolder(path_);
  const std::int64_t age_ns = started_ns - state.newest_ns();
  settled_ = (age_ns > kClockGrainNs || age_ns < -kClockGrainNs) &&
             snapshot.status().code() != absl::StatusCode::kUnavailable;
  seen_ = std::move(state);
  if (!snapshot.ok()) {
    // The second look at a folder that did not change is not a second failure.
    if (!again || readings().last_error != base::MessageOf(snapshot.status())) {
      NoteFailure(snapshot.status());
    }
    return;
  }
  const SnapshotPtr before = current();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++readings_.loads;
    readings_.last_load_ok = true;
    readings_.last_error.clear();
    readings_.last_good = absl::Now();
  }
  if (before != nullptr && !before->stale() && before->version() == (*snapshot)->version()) return;
  KeepCopy(**snapshot);
  Publish(*std::move(snapshot));
}

void DirectoryWatch::NoteFailure(const absl::Status& status) {
  std::string serving = "none";
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++readings_.loads;
    ++readings_.failures;
    readings_.last_load_ok = false;
    readings_.last_error = std::string(base::MessageOf(status));
    if (current_ != nullptr) serving = current_->version();
  }
  POSTERN_LOG(kError, "directory", "cannot be loaded; the last good snapshot stays",
              {{"path", path_}, {"snapshot", serving}, {"error", status}});
}

void DirectoryWatch::Publish(SnapshotPtr snapshot) {
  std::uint64_t generation = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    current_ = snapshot;
    readings_.stale = snapshot->stale();
    generation = ++readings_.generation;
  }
  POSTERN_LOG(kInfo, "directory", "snapshot published",
              {{"snapshot", snapshot->version()},
               {"generation", generation},
               {"connectors", snapshot->connectors().size()},
               {"servers", snapshot->servers().size()},
               {"stale", snapshot->stale()}});
  if (changed_) changed_(std::move(snapshot));
}

void DirectoryWatch::KeepCopy(const Snapshot& snapshot) {
  if (cache_.empty()) return;
  const absl::Status status = SaveSnapshot(snapshot, cache_);
  if (status.ok()) return;
  POSTERN_LOG(kWarning, "directory", "the copy on disk cannot be written",
              {{"file", cache_}, {"error", status}});
}

}  // namespace postern::directory
