// common/directory/managed_folder.h
//
// ManagedFolder: the files of the admin API below the directory's folder, changed one object at a
// time, by whoever asks, so that nothing is lost and nothing is half done.
//
// Flow      Recover once at the start; Apply(change) from any thread; then FileSource::LoadNow
//           brings it into force.
// Failure   As directory.proto says; kResourceExhausted: the disk is full, and nothing has changed.
// Lifetime  Borrows nothing. Threads and processes wait for one another at the lock of the folder.
// Limits    A file holds kManifestBytesMax. Waits kLockWait for the lock.
// See       docs/decisions/0011-changes-of-the-directory.md

#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/directory/audit_file.h"
#include "common/directory/change.h"
#include "common/directory/change_draft.h"
#include "common/directory/folder_reader.h"
#include "common/directory/settings.h"
#include "common/directory/synced_file.h"

namespace postern::directory {

inline constexpr absl::Duration kLockWait = absl::Seconds(5);

class ManagedFolder final : public ChangeWriter {
 public:
  // The reader is of settings.path, and shared with the watch of it.
  ManagedFolder(const DirectorySettings& settings,
                std::shared_ptr<FolderReader> reader,
                base::Clock& clock = base::Clock::System());

  // Removes what a change that was cut off has left, and says in the audit that it is undone.
  absl::Status Recover();

  ChangeResult Apply(const Change& change) override;

 private:
  std::string Full(std::string_view file) const;
  absl::StatusOr<FileLock> Lock() const;
  absl::Status Prepare(const Change& change, ChangeDraft& draft, ChangeResult& result);
  absl::Status Write(const Change& change, const ChangeDraft& draft);
  absl::Status PutInPlace(const ChangeDraft& draft, const std::string& beside) const;
  absl::Status UndoLast();
  v1::AuditLine LineOf(const Change& change, const ChangeDraft& draft) const;
  std::string HashOfFile(std::string_view file) const;

  const std::string folder_;  // of the directory
  const std::shared_ptr<FolderReader> reader_;
  base::Clock& clock_;
  std::mutex mutex_;  // one change of this process at a time; guards audit_
  AuditFile audit_;
};

}  // namespace postern::directory
