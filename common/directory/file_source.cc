#include "common/directory/file_source.h"

#include <chrono>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/directory/build.h"
#include "common/observe/log.h"

namespace postern::directory {

namespace {

FolderState LookOrError(const std::string& path) {
  auto state = Look(path);
  if (state.ok()) return *std::move(state);
  FolderState unreadable;
  unreadable.error = std::string(base::MessageOf(state.status()));
  return unreadable;
}

// Also with errors of the texts: the findings between objects are reported together with them.
absl::StatusOr<SnapshotPtr> SnapshotOf(FolderReader::Reading& reading) {
  SnapshotPtr snapshot = BuildSnapshot(reading.manifests, reading.errors);
  if (!reading.errors.empty()) return absl::InvalidArgumentError(TextOf(reading.errors));
  return snapshot;
}

}  // namespace

absl::StatusOr<SnapshotPtr> LoadFolder(const std::string& path) {
  auto reading = FolderReader(path).Read();
  if (!reading.ok()) return reading.status();
  return SnapshotOf(*reading);
}

FileSource::FileSource(const DirectorySettings& settings)
    : reader_(std::make_shared<FolderReader>(*settings.path)),
      poll_interval_(*settings.poll_interval),
      quiet_time_(*settings.quiet_time),
      disk_copy_(*settings.cache, "the folder", absl::ZeroDuration()) {}

FileSource::~FileSource() {
  Stop();
}

absl::Status FileSource::Start(Changed changed) {
  {
    const std::lock_guard<std::mutex> run_lock(run_mutex_);
    if (const absl::Status loaded = Load(); !loaded.ok()) {
      const std::string_view reason = base::MessageOf(loaded);
      auto copy = disk_copy_.Load();
      if (!copy.ok()) {
        return base::Error(absl::StatusCode::kFailedPrecondition, "there is no directory: ", reason,
                           "; and no copy: ", base::MessageOf(copy.status()));
      }
      POSTERN_LOG(
          kWarning, "directory", "starts with the copy on disk",
          {{"file", disk_copy_.file()}, {"snapshot", (*copy)->version()}, {"reason", reason}});
      Publish(*std::move(copy));
    }
    WriteCopyWhenDue();
    changed_ = std::move(changed);
  }
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void FileSource::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard<std::mutex> run_lock(run_mutex_);
  disk_copy_.Write();
}

SnapshotPtr FileSource::current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return current_;
}

DirectoryReadings FileSource::readings() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return readings_;
}

void FileSource::Run() {
  while (WaitFor(poll_interval_))
    RunOnce();
}

bool FileSource::WaitFor(absl::Duration span) {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait_for(lock, absl::ToChronoNanoseconds(span), [this] { return stopping_; });
  return !stopping_;
}

void FileSource::RunOnce() {
  FolderState now = LookOrError(reader_->path());
  bool changed = false;
  {
    const std::lock_guard<std::mutex> run_lock(run_mutex_);
    WriteCopyWhenDue();
    changed = now != seen_;
    if (!changed && settled_) return;
  }
  // Not under the lock: who changes the folder by LoadNow need not wait for us.
  if (changed && quiet_time_ > absl::ZeroDuration()) {
    for (int i = 0; i < kQuietRoundsMax; ++i) {
      if (!WaitFor(quiet_time_)) return;
      FolderState next = LookOrError(reader_->path());
      if (next == now) break;
      now = std::move(next);
    }
  }
  const std::lock_guard<std::mutex> run_lock(run_mutex_);
  if (now == seen_ && settled_) return;
  Load().IgnoreError();  // it is noted, and the last good snapshot stays
  WriteCopyWhenDue();
}

absl::Status FileSource::LoadNow() {
  const std::lock_guard<std::mutex> run_lock(run_mutex_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return absl::UnavailableError("stopping");
  }
  return Load();
}

absl::Status FileSource::Load() {
  const std::int64_t started_ns = absl::ToUnixNanos(absl::Now());
  auto reading = reader_->Read();
  FolderState state = reading.ok() ? reading->state : LookOrError(reader_->path());
  absl::StatusOr<SnapshotPtr> snapshot = current();
  if (!reading.ok()) {
    snapshot = reading.status();
  } else if (!reading->errors.empty() || reading->manifests != built_ || !last_load_good()) {
    snapshot = SnapshotOf(*reading);
  }
  const bool again = state == seen_;
  settled_ = Lasts(reading, state, started_ns);
  seen_ = std::move(state);
  if (!snapshot.ok()) {
    // The second look at a folder that did not change is not a second failure.
    if (!again || readings().last_error != base::MessageOf(snapshot.status())) {
      NoteFailure(snapshot.status());
    }
    return snapshot.status();
  }
  built_ = std::move(reading->manifests);
  const SnapshotPtr before = current();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++readings_.loads;
    readings_.last_load_ok = true;
    readings_.last_error.clear();
    readings_.last_good = absl::Now();
  }
  const bool same =
      before != nullptr && !before->stale() && before->version() == (*snapshot)->version();
  if (same) return absl::OkStatus();
  disk_copy_.Keep(*snapshot);
  Publish(*std::move(snapshot));
  return absl::OkStatus();
}

// The snapshot in force is that of built_.
bool FileSource::last_load_good() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return readings_.last_load_ok && current_ != nullptr && !current_->stale();
}

void FileSource::NoteFailure(const absl::Status& status) {
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
              {{"path", reader_->path()}, {"snapshot", serving}, {"error", status}});
}

void FileSource::Publish(SnapshotPtr snapshot) {
  std::uint64_t generation = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    current_ = snapshot;
    readings_.stale = snapshot->stale();
    readings_.stale_since = snapshot->stale() ? absl::Now() : absl::InfiniteFuture();
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

// Not part of Load: the copy is for the next start, and a change need not wait for it.
void FileSource::WriteCopyWhenDue() {
  if (absl::Now() >= disk_copy_.due()) disk_copy_.Write();
}

}  // namespace postern::directory
