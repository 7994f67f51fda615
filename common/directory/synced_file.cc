#include "common/directory/synced_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/time/clock.h"
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/text.h"

namespace postern::directory {

namespace {

// flock has no deadline of its own. Who holds the lock does so for a few synced writes.
constexpr absl::Duration kLockLook = absl::Milliseconds(5);

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::StatusCode::kNotFound;
    case ENOSPC:
    case EDQUOT:
      return absl::StatusCode::kResourceExhausted;
    case EACCES:
    case EPERM:
      return absl::StatusCode::kPermissionDenied;
    case EROFS:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::Status WriteAll(int descriptor, const std::string& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return FileError("write", file, errno);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FileError(std::string_view action, std::string_view file, int error) {
  return base::Error(CodeOf(error), action, " ", file, ": ", std::strerror(error));
}

absl::Status WriteSynced(const std::string& file, std::string_view bytes, mode_t mode) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (descriptor < 0) return FileError("create", file, errno);
  absl::Status status = WriteAll(descriptor, file, bytes);
  if (status.ok() && ::fsync(descriptor) != 0) status = FileError("sync", file, errno);
  if (::close(descriptor) != 0 && status.ok()) status = FileError("close", file, errno);
  if (!status.ok()) ::unlink(file.c_str());
  return status;
}

absl::Status SyncFolderOf(const std::string& file) {
  std::string folder = std::filesystem::path(file).parent_path().string();
  if (folder.empty()) folder = ".";
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileError("open folder", folder, errno);
  const bool synced = ::fsync(descriptor) == 0;
  absl::Status status = synced ? absl::OkStatus() : FileError("sync folder", folder, errno);
  ::close(descriptor);
  return status;
}

absl::Status Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return FileError("rename to", to, errno);
}

absl::Status ReplaceFile(const std::string& file,
                         const std::string& beside,
                         std::string_view bytes,
                         mode_t mode) {
  if (absl::Status written = WriteSynced(beside, bytes, mode); !written.ok()) return written;
  if (absl::Status renamed = Rename(beside, file); !renamed.ok()) {
    ::unlink(beside.c_str());
    return renamed;
  }
  return SyncFolderOf(file);
}

absl::StatusOr<FileLock> FileLock::Take(const std::string& file, absl::Duration within) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError("open", file, errno);
  FileLock lock(descriptor);
  const absl::Time end = absl::Now() + within;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return FileError("lock", file, errno);
    if (absl::Now() > end) {
      return base::Error(absl::StatusCode::kUnavailable, "lock ", file,
                         ": another process holds it, try again");
    }
    absl::SleepFor(kLockLook);
  }
  return lock;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace postern::directory
