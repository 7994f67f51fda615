// common/directory/snapshot_cache.h
//
// The last good snapshot on disk, for a start without a readable directory.
//
// Flow      SaveSnapshot after a good load; LoadSnapshot at start gives it marked stale.
// Failure   kNotFound: none is kept. kDataLoss: the file does not hold what was written.
// Limits    256 MiB. Written beside, synced, then renamed over: there is always a whole one.

#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/directory/snapshot.h"

namespace postern::directory {

absl::Status SaveSnapshot(const Snapshot& snapshot, const std::string& file);
absl::StatusOr<SnapshotPtr> LoadSnapshot(const std::string& file);

}  // namespace postern::directory
