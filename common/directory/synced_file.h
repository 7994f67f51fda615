// common/directory/synced_file.h
//
// SyncedFile: files that are whole on the disk or not there at all, and a lock between processes.
//
// Flow      ReplaceFile(file, beside, bytes): written beside, synced, renamed, the folder synced;
//           or its parts. FileLock::Take(file, within) -> held until it is destroyed.
// Failure   kResourceExhausted: the disk is full. kPermissionDenied, kFailedPrecondition: it may
//           not be written. kUnavailable: all else, and a lock that another holds for too long.
// Limits    A lock holds between threads too: each Take opens the file anew.
// See       fsync(2), rename(2), flock(2)

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include <sys/types.h>

namespace postern::directory {

// What `errno` says of an action on a file: "write /a/b: No space left on device".
absl::Status FileError(std::string_view action, std::string_view file, int error);

// Makes the file, or makes it anew; a file that could not be written whole is removed.
absl::Status WriteSynced(const std::string& file, std::string_view bytes, mode_t mode);
absl::Status SyncFolderOf(const std::string& file);
absl::Status Rename(const std::string& from, const std::string& to);
absl::Status ReplaceFile(const std::string& file,
                         const std::string& beside,
                         std::string_view bytes,
                         mode_t mode);

class FileLock {
 public:
  // Makes the file when it is not there.
  static absl::StatusOr<FileLock> Take(const std::string& file, absl::Duration within);

  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace postern::directory
