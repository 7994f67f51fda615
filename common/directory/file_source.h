// common/directory/file_source.h
//
// The directory from a folder of YAML manifests: read once, or watched.
//
// Flow      LoadFolder(path). Or: DirectoryWatch watch(settings); watch.Start(changed); current();
//           Stop.
// Failure   kNotFound, kPermissionDenied: the folder cannot be read. kInvalidArgument: every
//           finding, one a line, "file.yaml:12: spec.port: ...". An empty folder is an empty
//           directory.
// Lifetime  `changed` runs on the watch's own thread until Stop returns, and never inside Start.
// Limits    1,000 files (*.yaml, *.yml, folders below included, names that begin with a dot not),
//           1 MiB each; the polls read no content unless something changed.
// See       common/directory/settings.h; common/directory/snapshot_cache.h

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/directory/folder.h"
#include "common/directory/settings.h"
#include "common/directory/snapshot.h"

namespace postern::directory {

absl::StatusOr<SnapshotPtr> LoadFolder(const std::string& path);

// What a watch tells of itself, for metrics and readiness.
struct DirectoryReadings {
  bool last_load_ok = false;
  bool stale = false;            // serving the copy from disk
  std::uint64_t generation = 0;  // snapshots published; the first is 1
  std::uint64_t loads = 0;
  std::uint64_t failures = 0;
  std::string last_error;  // of the last load, when it failed
  absl::Time last_good = absl::InfinitePast();
};

class DirectoryWatch {
 public:
  using Changed = std::function<void(SnapshotPtr)>;

  explicit DirectoryWatch(const DirectorySettings& settings);
  ~DirectoryWatch();
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;

  // Loads the folder, or else the copy on disk, marked stale; with neither, says why. Then watches.
  absl::Status Start(Changed changed);
  // Returns after the last `changed` has returned. May be called twice.
  void Stop();

  // Never null after a good Start. Thread-safe, as is readings().
  SnapshotPtr current() const;
  DirectoryReadings readings() const;

  // One look at the folder; after a change it waits until the folder is quiet. The watch's own
  // thread does this at every poll.
  void RunOnce();

 private:
  void Run();
  bool WaitFor(absl::Duration span);  // false when stopping
  void Load(FolderState state);
  void NoteFailure(const absl::Status& status);
  void Publish(SnapshotPtr snapshot);
  void KeepCopy(const Snapshot& snapshot);

  const std::string path_;
  const std::string cache_;
  const absl::Duration poll_interval_;
  const absl::Duration quiet_time_;

  std::mutex run_mutex_;  // one look at a time
  FolderState seen_;
  bool settled_ = false;  // the last load cannot have missed a change within the clock's grain
  Changed changed_;

  mutable std::mutex mutex_;  // below: shared with readers
  std::condition_variable wake_;
  bool stopping_ = false;
  SnapshotPtr current_;
  DirectoryReadings readings_;
  std::thread thread_;
};

}  // namespace postern::directory
