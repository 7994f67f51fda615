#include "tests/support/memory_frames.h"

namespace postern::testing {

struct MemoryFrames::State : std::enable_shared_from_this<MemoryFrames::State> {
  explicit State(io::Executor& e) : executor(e) {}

  // What was sent before still arrives.
  void Close() {
    if (std::exchange(ended, true)) return;
    executor.Post([self = shared_from_this()] { self->Tell(absl::OkStatus()); });
  }

  void Break(const absl::Status& status) {
    ended = true;
    if (std::exchange(broken, true) || told) return;
    executor.Post([self = shared_from_this(), status] { self->Tell(status); });
  }

  void Tell(const absl::Status& status) {
    if (std::exchange(told, true)) return;
    mailbox->OnClosed(status);
    front_end->OnClosed(status);
  }

  template <typename Frame, typename Handler>
  void Pass(Frame frame, Handler* State::*to) {
    if (ended) return;
    executor.Post([self = shared_from_this(), frame = std::move(frame), to]() mutable {
      if (!self->broken && !self->told) (self.get()->*to)->OnFrame(std::move(frame));
    });
  }

  io::Executor& executor;
  rpc::ToFrontEnd::Handler* mailbox = nullptr;
  rpc::ToMailbox::Handler* front_end = nullptr;
  bool ended = false;   // nothing more is sent
  bool broken = false;  // nor does anything arrive
  bool told = false;    // both handlers had their OnClosed
};

namespace {

template <typename State, typename Out, typename In>
class MemoryEnd final : public rpc::FrameStream<Out, In> {
 public:
  using Peer = typename rpc::FrameStream<In, Out>::Handler;

  MemoryEnd(std::shared_ptr<State> state, Peer* State::*peer)
      : state_(std::move(state)), peer_(peer) {}

  void Send(Out frame) override { state_->Pass(std::move(frame), peer_); }

  void Close() override { state_->Close(); }

  void Abort() override { state_->Break(absl::CancelledError("aborted")); }

 private:
  std::shared_ptr<State> state_;
  Peer* State::*peer_;
};

}  // namespace

MemoryFrames::MemoryFrames(io::Executor& executor) : state_(std::make_shared<State>(executor)) {}

std::shared_ptr<rpc::ToFrontEnd> MemoryFrames::mailbox_end() {
  return std::make_shared<MemoryEnd<State, v1::ProxyToFrontEnd, v1::ProxyToMailbox>>(
      state_, &State::front_end);
}

std::shared_ptr<rpc::ToMailbox> MemoryFrames::front_end() {
  return std::make_shared<MemoryEnd<State, v1::ProxyToMailbox, v1::ProxyToFrontEnd>>(
      state_, &State::mailbox);
}

void MemoryFrames::Connect(rpc::ToFrontEnd::Handler& mailbox, rpc::ToMailbox::Handler& front_end) {
  state_->mailbox = &mailbox;
  state_->front_end = &front_end;
}

void MemoryFrames::Break() {
  state_->Break(absl::UnavailableError("the connection broke"));
}

}  // namespace postern::testing
