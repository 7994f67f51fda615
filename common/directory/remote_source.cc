#include "common/directory/remote_source.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/io/signals.h"
#include "common/observe/log.h"

namespace postern::directory {

RemoteSource::RemoteSource(Keeper keeper, DiskCopy disk_copy)
    : disk_copy_(std::move(disk_copy)), keeper_(std::move(keeper)) {}

absl::Status RemoteSource::Start(Changed changed) {
  const absl::StatusOr<SnapshotPtr> copy = disk_copy_.Load();
  if (copy.ok()) TakeCopy(*copy);
  std::unique_lock lock(mutex_);
  changed_ = std::move(changed);
  thread_ = std::thread([this] { Run(); });
  const absl::Duration most =
      copy.ok() ? std::min(keeper_.wait, keeper_.wait_with_copy) : keeper_.wait;
  const bool here =
      io::AwaitUnlessStopped(wake_, lock, most, [this] { return current_ != nullptr; });
  if (!here && (!copy.ok() || io::StopWanted())) {
    const absl::Status refusal = Refusal(base::MessageOf(copy.status()));
    lock.unlock();
    Stop();
    return refusal;
  }
  started_ = true;
  if (here) return absl::OkStatus();
  current_ = *copy;
  readings_.stale = true;
  readings_.stale_since = std::min(readings_.stale_since, absl::Now());
  ++readings_.generation;
  lock.unlock();
  POSTERN_LOG(kWarning, "directory", "starts with the copy on disk",
              {{"file", disk_copy_.file()},
               {"snapshot", (*copy)->version()},
               {keeper_.field, keeper_.address}});
  return absl::OkStatus();
}

// With mutex_.
absl::Status RemoteSource::Refusal(std::string_view no_copy) const {
  if (io::StopWanted()) {
    return absl::CancelledError("stopped while it waited for the directory");
  }
  return base::Error(absl::StatusCode::kFailedPrecondition, "there is no directory: ", keeper_.name,
                     " ", keeper_.address, ": ",
                     readings_.last_error.empty() ? "it does not answer" : readings_.last_error,
                     "; and no copy: ", no_copy, keeper_.advice);
}

void RemoteSource::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Interrupt();
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

SnapshotPtr RemoteSource::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

DirectoryReadings RemoteSource::readings() const {
  const std::lock_guard lock(mutex_);
  return readings_;
}

void RemoteSource::Publish(SnapshotPtr snapshot) {
  std::uint64_t generation = 0;
  Changed changed;
  {
    const std::lock_guard lock(mutex_);
    current_ = snapshot;
    generation = ++readings_.generation;
    if (started_) changed = changed_;
  }
  wake_.notify_all();
  POSTERN_LOG(kInfo, "directory", "snapshot published",
              {{"snapshot", snapshot->version()},
               {"generation", generation},
               {"connectors", snapshot->connectors().size()},
               {"servers", snapshot->servers().size()},
               {keeper_.field, keeper_.address}});
  if (changed) changed(std::move(snapshot));
}

}  // namespace postern::directory
