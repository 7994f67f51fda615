#include "common/observe/csv_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/printable.h"
#include "common/base/text.h"
#include "common/observe/csv_files.h"
#include "common/observe/log.h"
#include "common/observe/log_time.h"
#include "common/observe/process_metrics.h"

namespace postern::observe {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kGather{20};
constexpr std::chrono::minutes kLookForOld{10};
constexpr absl::Duration kComplainEvery = absl::Minutes(1);

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y%m%d", time, absl::UTCTimeZone());
}

// How many bytes of `text`, from its start, are whole lines that fit into `room`.
std::size_t WholeLines(std::string_view text, std::size_t room) {
  if (text.size() <= room) return text.size();
  const std::size_t end = text.substr(0, room).rfind('\n');
  return end == std::string_view::npos ? 0 : end + 1;
}

}  // namespace

// The files of one log: which is open, and which must go.
class CsvLog::Files {
 public:
  Files(CsvLogOptions options, base::Clock& clock) : options_(std::move(options)), clock_(clock) {}

  ~Files() { Close(); }

  // The folder is there and can be read.
  absl::Status Prepare() {
    std::error_code error;
    fs::create_directories(options_.folder, error);
    if (!error) fs::directory_iterator(options_.folder, error);
    if (!error) return absl::OkStatus();
    return base::Error(absl::StatusCode::kUnavailable, "log folder ", options_.folder, ": ",
                       base::LowerAscii(error.message()));
  }

  // Whole lines; what cannot be written is dropped.
  absl::Status Write(std::string_view lines) {
    const std::string day = DayOf(clock_.Now());
    while (!lines.empty()) {
      if (fd_ >= 0 && (day != day_ || Gone())) Close();
      std::size_t room = options_.file_bytes_max > bytes_ ? options_.file_bytes_max - bytes_ : 0;
      std::size_t bytes = WholeLines(lines, room);
      if (bytes == 0 && bytes_ > header_bytes_) Close();
      if (fd_ < 0) {
        if (absl::Status opened = OpenNext(day); !opened.ok()) return opened;
        room = options_.file_bytes_max > bytes_ ? options_.file_bytes_max - bytes_ : 0;
        bytes = WholeLines(lines, room);
      }
      // A line that no file has room for has one for itself.
      if (bytes == 0) bytes = lines.find('\n') + 1;
      if (absl::Status put = Put(lines.substr(0, bytes)); !put.ok()) return put;
      lines.remove_prefix(bytes);
    }
    return absl::OkStatus();
  }

  void RemoveOld() {
    const std::vector<CsvFile> files = List();
    std::uint64_t total = fd_ >= 0 ? options_.file_bytes_max : 0;
    for (const CsvFile& file : files)
      total += file.bytes;
    const auto now = fs::file_time_type::clock::now();
    const auto age = absl::ToChronoNanoseconds(options_.age_max);
    for (const CsvFile& file : files) {
      const bool old = options_.age_max > absl::ZeroDuration() && now - file.written > age;
      if (!old && total <= options_.directory_bytes_max) continue;
      std::error_code ignored;
      fs::remove(file.path, ignored);
      total -= file.bytes;
    }
  }

 private:
  // But for the open one, the oldest first.
  std::vector<CsvFile> List() const {
    std::vector<CsvFile> files = CsvFiles(options_.folder, options_.prefix);
    std::erase_if(files, [this](const CsvFile& file) { return file.path == path_; });
    return files;
  }

  absl::Status OpenNext(const std::string& day) {
    std::uint64_t number = 0;
    for (const CsvFile& file : List()) {
      if (file.day == day) number = std::max(number, file.number);
    }
    const std::string name = base::Cat(options_.prefix, day, "-", number + 1, ".log");
    const fs::path path = fs::path(options_.folder) / name;
    std::error_code ignored;  // what cannot be made cannot be opened either
    fs::create_directories(options_.folder, ignored);
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
    if (fd_ < 0) return Failure("open", path);
    path_ = path;
    day_ = day;
    bytes_ = 0;
    RemoveOld();
    const absl::Status put = Put(
        base::Cat("#Software: Postern\n#Version: ", Version(), "\n#Log-Type: ", options_.log_type,
                  "\n#Date: ", LogTime(clock_.Now()), "\n#Fields: ", options_.fields, "\n"));
    header_bytes_ = bytes_;
    return put;
  }

  // Removed, or moved away: what is written there nobody finds.
  bool Gone() const {
    struct stat named = {};
    struct stat open = {};
    if (::stat(path_.c_str(), &named) != 0) return errno == ENOENT || errno == ENOTDIR;
    return ::fstat(fd_, &open) == 0 && (named.st_ino != open.st_ino || named.st_dev != open.st_dev);
  }

  absl::Status Put(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        const absl::Status failure = Failure("write", path_);
        Close();
        return failure;
      }
      bytes_ += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return absl::OkStatus();
  }

  static absl::Status Failure(std::string_view action, const fs::path& path) {
    return base::Error(absl::StatusCode::kUnavailable, action, " ", path.string(), ": ",
                       base::LowerAscii(std::strerror(errno)));
  }

  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    path_.clear();
    bytes_ = header_bytes_ = 0;
  }

  const CsvLogOptions options_;
  base::Clock& clock_;
  int fd_ = -1;
  fs::path path_;
  std::string day_;
  std::uint64_t bytes_ = 0;
  std::uint64_t header_bytes_ = 0;
};

CsvLog::CsvLog(std::unique_ptr<Files> files, std::string folder, std::string step)
    : files_(std::move(files)),
      folder_(std::move(folder)),
      step_(std::move(step)),
      thread_([this] { Run(); }) {}

absl::StatusOr<std::shared_ptr<CsvLog>> CsvLog::Open(CsvLogOptions options, base::Clock& clock) {
  std::string folder = options.folder;
  std::string step = options.step;
  auto files = std::make_unique<Files>(std::move(options), clock);
  if (absl::Status prepared = files->Prepare(); !prepared.ok()) return prepared;
  files->RemoveOld();
  return std::shared_ptr<CsvLog>(new CsvLog(std::move(files), std::move(folder), std::move(step)));
}

CsvLog::~CsvLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void CsvLog::Write(std::string_view line) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() >= kWaitingBytesMax) {
      ++lines_lost_;
      return;
    }
    first = waiting_.empty();
    waiting_.append(line);
    waiting_.push_back('\n');
    ++waiting_lines_;
  }
  if (first) wake_.notify_one();
}

void CsvLog::Flush() {
  std::unique_lock lock(mutex_);
  wake_.notify_one();
  idle_.wait(lock, [this] { return waiting_.empty() && !writing_; });
}

std::uint64_t CsvLog::lines_lost() const {
  const std::lock_guard lock(mutex_);
  return lines_lost_;
}

void CsvLog::Run() {
  absl::Time complained = absl::InfinitePast();
  std::unique_lock lock(mutex_);
  while (!stopping_ || !waiting_.empty()) {
    const bool woken =
        wake_.wait_for(lock, kLookForOld, [this] { return stopping_ || !waiting_.empty(); });
    std::string lines = std::exchange(waiting_, std::string());
    const std::uint64_t count = std::exchange(waiting_lines_, 0);
    writing_ = true;
    const bool stopping = stopping_;
    lock.unlock();
    absl::Status written;
    if (!lines.empty()) written = files_->Write(lines);
    if (!woken) files_->RemoveOld();
    if (!written.ok() && absl::Now() - complained > kComplainEvery) {
      complained = absl::Now();
      POSTERN_LOG(kError, step_, "log lines are lost", {{"error", written}});
    }
    lock.lock();
    writing_ = false;
    if (!written.ok()) lines_lost_ += count;
    if (waiting_.empty()) idle_.notify_all();
    // A busy service makes few system calls.
    if (!stopping) wake_.wait_for(lock, kGather, [this] { return stopping_; });
  }
}

void AppendCsv(std::string& line, std::string_view value) {
  // UTF-8 stands as it is too, but is seldom there.
  const auto plain = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f && c != ',' && c != '"';
  };
  const std::size_t printable = base::PrintableBytes<',', '"'>(value);
  if (std::all_of(value.begin() + static_cast<std::ptrdiff_t>(printable), value.end(), plain)) {
    line.append(value);
    return;
  }
  const bool quoted = value.find_first_of(",\"") != std::string_view::npos;
  if (quoted) line.push_back('"');
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"') line.push_back('"');
    line.push_back(byte < 0x20 || byte == 0x7f ? '?' : c);
  }
  if (quoted) line.push_back('"');
}

}  // namespace postern::observe
