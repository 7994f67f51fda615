#include "common/observe/log_writer.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::observe {

namespace {

constexpr std::size_t kLinesMax = 8192;
constexpr std::size_t kWriteBytes = 65536;
constexpr int kStalledMillisMax = 1000;
constexpr auto kGather = std::chrono::milliseconds(2);

// Lines that writers lost, and those that closed writers had lost to a full queue.
std::atomic<std::uint64_t> lines_lost{0};
std::mutex pools_mutex;

std::set<spdlog::details::thread_pool*>& Pools() {
  static auto& pools = *new std::set<spdlog::details::thread_pool*>;
  return pools;
}

// False when not all of it could be written; a reader that stands still for a second counts as
// gone.
bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, kStalledMillisMax) == 0) return false;
  }
  return true;
}

// Gathers lines while more of them wait, so that a busy service makes few system calls.
class Sink final : public spdlog::sinks::sink {
 public:
  Sink(int fd, bool owned) : fd_(fd), owned_(owned) { buffer_.reserve(kWriteBytes); }

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
    if (!WriteAll(fd_, buffer_)) lines_lost.fetch_add(lines_, std::memory_order_relaxed);
    buffer_.clear();
    lines_ = 0;
  }

  void set_pattern(const std::string&) override {}

  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  const int fd_;
  const bool owned_;
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
  if (!WriteAll(fd, base::Cat(line, '\n'))) lines_lost.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t LinesDropped() {
  const std::lock_guard lock(pools_mutex);
  std::uint64_t out = lines_lost.load(std::memory_order_relaxed);
  for (spdlog::details::thread_pool* pool : Pools())
    out += pool->overrun_counter();
  return out;
}

}  // namespace postern::observe
