// common/directory/source.h
//
// DirectorySource: where a server has its directory from: a folder of its own, the writer's, or
// an API server's.
//
// Flow      Start(changed); current() from any thread; Stop.
// Failure   Start: kFailedPrecondition: there is neither a directory nor a copy, and what to do.
// Lifetime  `changed` runs on a thread of the source, or of whoever asked it to load, until Stop
//           has returned, and never inside Start.
// See       common/directory/file_source.h; common/directory/followed_source.h;
//           common/kubernetes/source.h

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/directory/snapshot.h"

namespace postern::directory {

// What a source tells of itself, for metrics and readiness.
struct DirectoryReadings {
  bool last_load_ok = false;
  bool stale = false;  // serving what may be old: the copy on disk, or while cut off
  absl::Time stale_since = absl::InfiniteFuture();  // while stale: from when on it may be old
  std::uint64_t generation = 0;                     // snapshots published; the first is 1
  std::uint64_t loads = 0;
  std::uint64_t failures = 0;
  std::string last_error;  // of the last load, when it failed
  absl::Time last_good = absl::InfinitePast();
  // When the directory's writer was last heard; before that, when following began. In the infinite
  // future on a server that follows none.
  absl::Time writer_heard = absl::InfiniteFuture();
};

class DirectorySource {
 public:
  using Changed = std::function<void(SnapshotPtr)>;

  virtual ~DirectorySource() = default;

  virtual absl::Status Start(Changed changed) = 0;
  // Returns after the last `changed` has returned. May be called twice.
  virtual void Stop() = 0;

  // Never null after a good Start. Thread-safe, as is readings().
  virtual SnapshotPtr current() const = 0;
  virtual DirectoryReadings readings() const = 0;
};

}  // namespace postern::directory
