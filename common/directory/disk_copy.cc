#include "common/directory/disk_copy.h"

#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/directory/snapshot_cache.h"
#include "common/observe/log.h"

namespace postern::directory {

namespace {

constexpr absl::Duration kRetryInterval = absl::Minutes(1);

}  // namespace

DiskCopy::DiskCopy(std::string file, std::string_view source, absl::Duration after)
    : file_(std::move(file)), source_(source), after_(after) {}

absl::StatusOr<SnapshotPtr> DiskCopy::Load() const {
  if (!file_.empty()) return LoadSnapshot(file_);
  POSTERN_LOG(kWarning, "directory",
              base::Cat("directory.cache is not set: without ", source_,
                        " this server does not start again"));
  return absl::FailedPreconditionError("directory.cache is not set");
}

void DiskCopy::Keep(SnapshotPtr snapshot) {
  if (kept_ == nullptr) due_ = absl::Now() + after_;
  kept_ = std::move(snapshot);
}

void DiskCopy::Write() {
  due_ = absl::InfiniteFuture();
  if (file_.empty()) kept_ = nullptr;
  if (kept_ == nullptr) return;
  const absl::Status status = SaveSnapshot(*kept_, file_);
  const bool failed_before = std::exchange(failed_, !status.ok());
  if (status.ok()) {
    kept_ = nullptr;
    return;
  }
  due_ = absl::Now() + kRetryInterval;
  if (failed_before) return;
  POSTERN_LOG(kWarning, "directory", "the copy on disk cannot be written",
              {{"file", file_}, {"error", status}});
}

}  // namespace postern::directory
