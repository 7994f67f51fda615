#include "tests/support/memory_stream.h"

#include <algorithm>
#include <cstring>

#include "absl/time/clock.h"

#include "common/io/event.h"

namespace postern::testing {

namespace {

// One direction of the pipe.
struct Flow {
  std::string bytes;
  bool ended = false;    // the writer closed
  bool refused = false;  // the reader closed
  io::Event changed;
};

struct Pipe {
  Flow flows[2];
  std::size_t window_bytes = 0;
};

class MemoryStream final : public io::Stream {
 public:
  MemoryStream(std::shared_ptr<Pipe> pipe, int side, io::Endpoint local, io::Endpoint remote)
      : pipe_(std::move(pipe)), side_(side), local_(local), remote_(remote) {}

  ~MemoryStream() override { Close(); }

  io::Task<absl::StatusOr<std::size_t>> Read(char* into, std::size_t bytes_max) override {
    const std::shared_ptr<Pipe> pipe = pipe_;
    Flow& flow = pipe->flows[1 - side_];
    while (flow.bytes.empty()) {
      if (closed_) co_return absl::CancelledError("closed");
      if (flow.ended) co_return 0;
      const absl::Status waited = co_await flow.changed.Until(deadline_ - absl::Now());
      if (!waited.ok()) co_return waited;
    }
    const std::size_t taken = std::min(bytes_max, flow.bytes.size());
    std::memcpy(into, flow.bytes.data(), taken);
    flow.bytes.erase(0, taken);
    flow.changed.NotifyAll();
    co_return taken;
  }

  io::Task<absl::Status> WriteAll(std::span<const std::string_view> parts) override {
    const std::shared_ptr<Pipe> pipe = pipe_;
    Flow& flow = pipe->flows[side_];
    for (std::string_view part : parts) {
      while (!part.empty()) {
        if (closed_) co_return absl::CancelledError("closed");
        if (flow.refused) co_return absl::UnavailableError("write: broken pipe");
        const std::size_t room =
            pipe->window_bytes - std::min(pipe->window_bytes, flow.bytes.size());
        if (room == 0) {
          const absl::Status waited = co_await flow.changed.Until(deadline_ - absl::Now());
          if (!waited.ok()) co_return waited;
          continue;
        }
        const std::size_t put = std::min(room, part.size());
        flow.bytes.append(part.substr(0, put));
        part.remove_prefix(put);
        flow.changed.NotifyAll();
      }
    }
    co_return absl::OkStatus();
  }

  void SetDeadline(absl::Duration from_now) override { deadline_ = absl::Now() + from_now; }

  void Farewell(std::string_view bytes) override {
    Flow& flow = pipe_->flows[side_];
    if (closed_ || flow.refused || flow.bytes.size() + bytes.size() > pipe_->window_bytes) return;
    flow.bytes.append(bytes);
    flow.changed.NotifyAll();
  }

  void Close() override {
    closed_ = true;
    pipe_->flows[side_].ended = true;
    pipe_->flows[1 - side_].refused = true;
    for (Flow& flow : pipe_->flows)
      flow.changed.NotifyAll();
  }

  bool Disturbed() override {
    const Flow& flow = pipe_->flows[1 - side_];
    return flow.ended || !flow.bytes.empty();
  }

  io::Endpoint local() const override { return local_; }

  io::Endpoint remote() const override { return remote_; }

 private:
  std::shared_ptr<Pipe> pipe_;
  int side_;
  io::Endpoint local_;
  io::Endpoint remote_;
  bool closed_ = false;
  absl::Time deadline_ = absl::Now() + io::kDeadlineDefault;
};

}  // namespace

std::pair<std::unique_ptr<io::Stream>, std::unique_ptr<io::Stream>> MemoryPipe(
    std::size_t window_bytes, io::Endpoint first, io::Endpoint second) {
  auto pipe = std::make_shared<Pipe>();
  pipe->window_bytes = window_bytes;
  auto a = std::make_unique<MemoryStream>(pipe, 0, first, second);
  auto b = std::make_unique<MemoryStream>(pipe, 1, second, first);
  return {std::move(a), std::move(b)};
}

}  // namespace postern::testing
