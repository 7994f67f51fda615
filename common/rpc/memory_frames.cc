#include "common/rpc/memory_frames.h"

namespace postern::rpc {

struct MemoryFrames::State : std::enable_shared_from_this<MemoryFrames::State> {
  explicit State(io::Executor& e) : executor(e) {}

  void End(const absl::Status& status) {
    if (std::exchange(ended, true)) return;
    executor.Post([self = shared_from_this(), status] {
      self->mailbox->OnClosed(status);
      self->front_end->OnClosed(status);
    });
  }

  template <typename Frame, typename Handler>
  void Pass(Frame frame, Handler* State::*to) {
    if (ended) return;
    executor.Post([self = shared_from_this(), frame = std::move(frame), to]() mutable {
      if (!self->ended) (self.get()->*to)->OnFrame(std::move(frame));
    });
  }

  io::Executor& executor;
  ToFrontEnd::Handler* mailbox = nullptr;
  ToMailbox::Handler* front_end = nullptr;
  bool ended = false;
};

namespace {

template <typename State, typename Out, typename In>
class MemoryEnd final : public FrameStream<Out, In> {
 public:
  using Peer = typename FrameStream<In, Out>::Handler;

  MemoryEnd(std::shared_ptr<State> state, Peer* State::*peer)
      : state_(std::move(state)), peer_(peer) {}

  void Send(Out frame) override { state_->Pass(std::move(frame), peer_); }

  void Close() override { state_->End(absl::OkStatus()); }

  void Abort() override { state_->End(absl::CancelledError("aborted")); }

 private:
  std::shared_ptr<State> state_;
  Peer* State::*peer_;
};

}  // namespace

MemoryFrames::MemoryFrames(io::Executor& executor) : state_(std::make_shared<State>(executor)) {}

std::shared_ptr<ToFrontEnd> MemoryFrames::mailbox_end() {
  return std::make_shared<MemoryEnd<State, v1::ProxyToFrontEnd, v1::ProxyToMailbox>>(
      state_, &State::front_end);
}

std::shared_ptr<ToMailbox> MemoryFrames::front_end() {
  return std::make_shared<MemoryEnd<State, v1::ProxyToMailbox, v1::ProxyToFrontEnd>>(
      state_, &State::mailbox);
}

void MemoryFrames::Connect(ToFrontEnd::Handler& mailbox, ToMailbox::Handler& front_end) {
  state_->mailbox = &mailbox;
  state_->front_end = &front_end;
}

void MemoryFrames::Break() {
  state_->End(absl::UnavailableError("the connection broke"));
}

}  // namespace postern::rpc
