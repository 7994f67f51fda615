#include "common/directory/folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/directory/open_file.h"

namespace postern::directory {

namespace {

absl::Status SystemError(std::string_view action, std::string_view path, int error) {
  const absl::StatusCode code = error == ENOENT || error == ENOTDIR ? absl::StatusCode::kNotFound
                                : error == EACCES || error == EPERM
                                    ? absl::StatusCode::kPermissionDenied
                                    : absl::StatusCode::kUnavailable;
  return base::Error(code, action, " ", path, ": ", std::strerror(error));
}

template <typename... Parts>
absl::Status Broken(const Parts&... rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule...);
}

std::int64_t Nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

class Walker {
 public:
  Walker(std::string root, std::size_t files_max) : root_(std::move(root)), files_max_(files_max) {}

  absl::Status Walk(const std::string& relative, int depth) {
    if (depth > kDepthMax) return Broken("folder ", relative, " is more than ", kDepthMax, " deep");
    if (++folders_ > kFoldersMax)
      return Broken(root_, " holds more than ", kFoldersMax, " folders");
    auto names = List(relative);
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      const absl::Status status =
          Visit(relative.empty() ? name : base::Cat(relative, "/", name), depth);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  FolderState state;

 private:
  std::string Full(const std::string& relative) const {
    return relative.empty() ? root_ : base::Cat(root_, "/", relative);
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& relative) const {
    const std::string path = Full(relative);
    const auto close = [](DIR* folder) { ::closedir(folder); };
    const std::unique_ptr<DIR, decltype(close)> folder(::opendir(path.c_str()), close);
    if (folder == nullptr) return SystemError("open folder", path, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* found = ::readdir(folder.get())) {
      const std::string_view name = found->d_name;
      if (!name.starts_with('.')) names.emplace_back(name);
      errno = 0;
    }
    if (errno != 0) return SystemError("read folder", path, errno);
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::Status Visit(const std::string& relative, int depth) {
    const std::string path = Full(relative);
    const bool manifest = relative.ends_with(".yaml") || relative.ends_with(".yml");
    struct stat facts = {};
    if (::stat(path.c_str(), &facts) != 0) {
      return manifest ? SystemError("read", path, errno) : absl::OkStatus();
    }
    if (S_ISDIR(facts.st_mode)) return Walk(relative, depth + 1);
    if (!manifest) return absl::OkStatus();
    if (!S_ISREG(facts.st_mode)) return Broken(path, " is not a regular file");
    bytes_ += static_cast<std::uint64_t>(facts.st_size);
    if (bytes_ > kFolderBytesMax)
      return Broken(root_, " holds more than ", kFolderBytesMax, " bytes");
    if (state.files.size() >= files_max_)
      return Broken(root_, " holds more than ", files_max_, " files");
    FileState file;
    file.path = relative;
    file.device = facts.st_dev;
    file.inode = facts.st_ino;
    file.size = static_cast<std::uint64_t>(facts.st_size);
    file.modified_ns = Nanoseconds(facts.st_mtim);
    file.changed_ns = Nanoseconds(facts.st_ctim);
    state.files.push_back(std::move(file));
    return absl::OkStatus();
  }

  const std::string root_;
  const std::size_t files_max_;
  std::size_t folders_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::int64_t FolderState::newest_ns() const {
  std::int64_t newest = 0;
  // Not the time of modification: anyone may set that, to the future too.
  for (const FileState& file : files) {
    newest = std::max(newest, file.changed_ns);
  }
  return newest;
}

absl::StatusOr<FolderState> Look(const std::string& folder, std::size_t files_max) {
  Walker walker(folder, files_max);
  const absl::Status status = walker.Walk("", 0);
  if (!status.ok()) return status;
  return std::move(walker.state);
}

absl::StatusOr<std::string> ReadFileText(const std::string& path, std::size_t bytes_max) {
  // Without O_NONBLOCK a FIFO put in the place of the file would hold us for ever.
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (*file < 0) return SystemError("open", path, errno);
  struct stat facts = {};
  if (::fstat(*file, &facts) != 0) return SystemError("read", path, errno);
  if (!S_ISREG(facts.st_mode)) return Broken(path, " is not a regular file");
  if (static_cast<std::uint64_t>(facts.st_size) > bytes_max) {
    return Broken("is larger than ", bytes_max, " bytes");
  }
  std::string text;
  char block[64 * 1024];
  while (true) {
    const ssize_t got = ::read(*file, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read", path, errno);
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > bytes_max) return Broken("is larger than ", bytes_max, " bytes");
  }
}

}  // namespace postern::directory
