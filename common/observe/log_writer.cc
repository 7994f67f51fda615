#include "common/observe/log_writer.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::observe {

namespace {

constexpr std::size_t kLinesMax = 8192;
constexpr std::size_t kWriteBytes = 65536;
constexpr std::chrono::milliseconds kStalledMax{1000};
// What poll finds room for in a pipe is at least this much, and a write of it does not block.
constexpr std::size_t kRoomBytes = PIPE_BUF;
constexpr auto kGather = std::chrono::milliseconds(2);

// Lines that writers lost, and those that closed writers had lost to a full queue.
std::atomic<std::uint64_t> lines_lost{0};
std::mutex pools_mutex;

std::set<spdlog::details::thread_pool*>& Pools() {
  static auto& pools = *new std::set<spdlog::details::thread_pool*>;
  return pools;
}

// A file never has to be waited for, and poll is of no use there.
bool IsFile(int fd) {
  struct stat facts {};

  return ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
}

bool HasRoom(int fd, std::chrono::milliseconds wait) {
  pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&ready, 1, static_cast<int>(wait.count())) != 0;
}

// False when not all of it could be written; a reader that stands still for `wait` counts as gone.
bool WriteAll(int fd, std::string_view bytes, std::chrono::milliseconds wait, bool file) {
  while (!bytes.empty()) {
    if (!file && !HasRoom(fd, wait)) return false;
    const ssize_t written =
        ::write(fd, bytes.data(), file ? bytes.size() : std::min(bytes.size(), kRoomBytes));
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

// Gathers lines while more of them wait, so that a busy service makes few system calls.
class Sink final : public spdlog::sinks::sink {
 public:
  Sink(int fd, bool owned) : fd_(fd), owned_(owned), file_(IsFile(fd)) {
    buffer_.reserve(kWriteBytes);
  }

  ~Sink() override {
    flush();
    if (owned_) ::close(fd_);
  }

  // The pool outlives its own thread, which is the only caller of log().
  void Follow(spdlog::details::thread_pool* pool) { pool_ = pool; }

  void log(const spdlog::details::log_msg& msg) override {
    buffer_.append(msg.payload.data(), msg.payload.size());
    buffer_.push_back('\n');
    ++lines_;
    if (buffer_.size() < kWriteBytes && pool_->queue_size() > 0) return;
    flush();
    // A thread that is not asleep in its queue costs those who log no wake-up.
    if (pool_->queue_size() == 0) std::this_thread::sleep_for(kGather);
  }

  void flush() override {
    // Who stood still once is not waited for again until it reads: a stop must come to its end.
    const bool whole =
        WriteAll(fd_, buffer_, gone_ ? std::chrono::milliseconds(0) : kStalledMax, file_);
    if (!whole) lines_lost.fetch_add(lines_, std::memory_order_relaxed);
    gone_ = !whole;
    buffer_.clear();
    lines_ = 0;
  }

  void set_pattern(const std::string&) override {}

  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  const int fd_;
  const bool owned_;
  const bool file_;
  bool gone_ = false;
  spdlog::details::thread_pool* pool_ = nullptr;
  std::string buffer_;
  std::uint64_t lines_ = 0;
};

}  // namespace

struct LogWriter::State {
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<Sink> sink;
  std::shared_ptr<spdlog::async_logger> logger;
};

LogWriter::LogWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::shared_ptr<LogWriter>> LogWriter::Open(const std::string& path) {
  int fd = STDOUT_FILENO;
  if (!path.empty()) {
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) {
      return base::Error(absl::StatusCode::kUnavailable, "open log ", path, ": ",
                         base::LowerAscii(std::strerror(errno)));
    }
  }
  auto state = std::make_unique<State>();
  state->sink = std::make_shared<Sink>(fd, !path.empty());
  try {
    state->pool = std::make_shared<spdlog::details::thread_pool>(kLinesMax, 1);
    state->sink->Follow(state->pool.get());
    state->logger = std::make_shared<spdlog::async_logger>(
        "postern", state->sink, state->pool, spdlog::async_overflow_policy::overrun_oldest);
  } catch (const std::exception& error) {
    return base::Error(absl::StatusCode::kUnavailable, "start the log thread: ", error.what());
  }
  state->logger->set_error_handler(
      [](const std::string&) { lines_lost.fetch_add(1, std::memory_order_relaxed); });
  const std::lock_guard lock(pools_mutex);
  Pools().insert(state->pool.get());
  return std::shared_ptr<LogWriter>(new LogWriter(std::move(state)));
}

LogWriter::~LogWriter() {
  const std::lock_guard lock(pools_mutex);
  Pools().erase(state_->pool.get());
  lines_lost.fetch_add(state_->pool->overrun_counter(), std::memory_order_relaxed);
  state_->pool.reset();  // Writes what waits, then joins.
}

void LogWriter::Write(std::string_view line) {
  state_->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void WriteLine(int fd, std::string_view line) {
  const bool whole = WriteAll(fd, base::Cat(line, '\n'), kStalledMax, IsFile(fd));
  if (!whole) lines_lost.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t LinesDropped() {
  const std::lock_guard lock(pools_mutex);
  std::uint64_t out = lines_lost.load(std::memory_order_relaxed);
  for (spdlog::details::thread_pool* pool : Pools())
    out += pool->overrun_counter();
  return out;
}

}  // namespace postern::observe
