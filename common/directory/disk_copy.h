// common/directory/disk_copy.h
//
// DiskCopy: the last directory of a source, for a start without it.
//
// Flow      Load at the start; Keep each new snapshot; Write when due(), and at the end.
// Failure   Load: why there is none; kFailedPrecondition when no file is set. A copy that cannot be
//           written is logged the first time, and due again a minute later: mail does not wait
//           for it.
// Lifetime  One thread at a time.
// Limits    Written once for all snapshots that come within `after`.
// See       common/directory/snapshot_cache.h

#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/directory/snapshot.h"

namespace postern::directory {

class DiskCopy {
 public:
  // `source` as in "the writer"; an empty file is none.
  DiskCopy(std::string file, std::string_view source, absl::Duration after);

  absl::StatusOr<SnapshotPtr> Load() const;

  void Keep(SnapshotPtr snapshot);
  void Write();

  // In the infinite future when there is nothing to write.
  absl::Time due() const { return due_; }

  const std::string& file() const { return file_; }

 private:
  const std::string file_;
  const std::string source_;
  const absl::Duration after_;
  SnapshotPtr kept_;     // not on disk yet
  bool failed_ = false;  // the last time
  absl::Time due_ = absl::InfiniteFuture();
};

}  // namespace postern::directory
