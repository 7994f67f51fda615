#include "common/directory/audit_file.h"

#include <algorithm>
#include <cerrno>

#include "google/protobuf/util/json_util.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/directory/open_file.h"
#include "common/directory/synced_file.h"

namespace postern::directory {

namespace {

constexpr std::uint64_t kLineBytesMax = 4 * 1024 * 1024;

std::uint64_t SizeOf(int descriptor) {
  struct stat facts = {};
  return ::fstat(descriptor, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
}

// The last bytes of a file that is not growing, at most one line's worth and a little.
absl::StatusOr<std::string> TailOf(int descriptor, const std::string& file) {
  const std::uint64_t size = SizeOf(descriptor);
  std::string tail(std::min(size, kLineBytesMax + 1), '\0');
  std::size_t got = 0;
  while (got < tail.size()) {
    const ssize_t read = ::pread(descriptor, tail.data() + got, tail.size() - got,
                                 static_cast<off_t>(size - tail.size() + got));
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return FileError("read", file, errno);
    if (read == 0) break;
    got += static_cast<std::size_t>(read);
  }
  tail.resize(got);
  return tail;
}

// Where the last whole line ends: beyond it there is what a loss of power left of another.
absl::StatusOr<std::uint64_t> WholeBytes(int descriptor, const std::string& file) {
  const auto tail = TailOf(descriptor, file);
  if (!tail.ok()) return tail.status();
  const auto end = tail->rfind('\n');
  const std::uint64_t before = SizeOf(descriptor) - tail->size();
  return end == std::string::npos ? before : before + end + 1;
}

absl::Status AppendSynced(const std::string& file, std::string_view line) {
  const OpenFile log(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (*log < 0) return FileError("open", file, errno);
  const auto whole = WholeBytes(*log, file);
  if (!whole.ok()) return whole.status();
  const auto end = static_cast<off_t>(*whole);
  if (*whole != SizeOf(*log) && ::ftruncate(*log, end) != 0) return FileError("cut", file, errno);
  absl::Status status;
  while (status.ok() && !line.empty()) {
    const ssize_t wrote = ::write(*log, line.data(), line.size());
    if (wrote >= 0) {
      line.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno != EINTR) {
      status = FileError("write", file, errno);
    }
  }
  if (status.ok() && ::fsync(*log) != 0) status = FileError("sync", file, errno);
  // When this fails too, the next line is written in its place.
  if (!status.ok()) (void)!::ftruncate(*log, end);
  return status;
}

}  // namespace

bool AuditFile::untouched() const {
  struct stat facts = {};
  return bytes_ && ::stat(file_.c_str(), &facts) == 0 &&
         static_cast<std::uint64_t>(facts.st_size) == *bytes_;
}

absl::Status AuditFile::Append(const v1::AuditLine& line) {
  bytes_.reset();
  std::string json;
  POSTERN_CHECK(google::protobuf::util::MessageToJsonString(line, &json).ok());
  json.push_back('\n');
  struct stat facts = {};
  bool there = ::stat(file_.c_str(), &facts) == 0;
  const auto size = static_cast<std::uint64_t>(there ? facts.st_size : 0);
  if (size > 0 && size + json.size() > bytes_max_) {
    if (absl::Status rotated = Rotate(); !rotated.ok()) return rotated;
    there = false;
  }
  if (absl::Status appended = AppendSynced(file_, json); !appended.ok()) return appended;
  if (::stat(file_.c_str(), &facts) == 0) bytes_ = static_cast<std::uint64_t>(facts.st_size);
  return there ? absl::OkStatus() : SyncFolderOf(file_);
}

// Each file takes the place of the next older one; a gap is no failure.
absl::Status AuditFile::Rotate() {
  for (int older = files_max_ - 1; older > 0; --older) {
    const std::string from = older == 1 ? file_ : base::Cat(file_, ".", older - 1);
    const absl::Status renamed = Rename(from, base::Cat(file_, ".", older));
    if (!renamed.ok() && !absl::IsNotFound(renamed)) return renamed;
  }
  if (files_max_ == 1 && ::unlink(file_.c_str()) != 0) return FileError("remove", file_, errno);
  return SyncFolderOf(file_);
}

absl::StatusOr<std::optional<v1::AuditLine>> AuditFile::Last() const {
  for (const std::string& file : {file_, base::Cat(file_, ".1")}) {
    const OpenFile log(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (*log < 0 && errno == ENOENT) continue;
    if (*log < 0) return FileError("open", file, errno);
    const auto tail = TailOf(*log, file);
    if (!tail.ok()) return tail.status();
    const auto end = tail->rfind('\n');
    if (end == std::string::npos) continue;
    const auto before = end == 0 ? std::string::npos : tail->rfind('\n', end - 1);
    const auto start = before == std::string::npos ? 0 : before + 1;
    v1::AuditLine line;
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    const auto parsed = google::protobuf::util::JsonStringToMessage(
        tail->substr(start, end - start), &line, options);
    if (!parsed.ok()) return std::optional<v1::AuditLine>();
    return std::optional(std::move(line));
  }
  return std::optional<v1::AuditLine>();
}

}  // namespace postern::directory
