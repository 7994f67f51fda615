// common/rpc/frame_pump.h
//
// FramePump: what the client's and the server's side of a gRPC frame stream have in common: merging
// and writing on one side, handing frames to the executor on the other.
//
// Flow      Begin once; Send and End from the executor; ReadDone and WriteDone from gRPC.
// Lifetime  Part of a reactor, which keeps itself alive until its executor has heard of OnDone.
// Limits    Its lock guards a few words and a message; gRPC's threads and the executor share it.
//           The reactor starts and ends operations under it only, so none starts after the last.

#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "common/io/executor.h"
#include "common/rpc/frame_stream.h"

namespace postern::rpc {

// `Reactor` has StartWrite(const Out*) as gRPC's bidirectional reactors have, ReadNext(In*), which
// reads unless the call is over, and FinishWrites() to end its sending side.
template <typename Reactor, typename Out, typename In>
class FramePump {
 public:
  using Handler = typename FrameStream<Out, In>::Handler;

  FramePump(Reactor& reactor, io::Executor& executor) : reactor_(reactor), executor_(executor) {}

  // On the executor: takes the first frame.
  void Begin() {
    const std::lock_guard lock(mutex_);
    reactor_.ReadNext(&incoming_);
  }

  // On the executor. `keep` holds the reactor.
  void Send(Out frame, std::shared_ptr<void> keep) {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    Merge(frame, waiting_);
    has_waiting_ = true;
    if (writing_ || flush_posted_) return;
    flush_posted_ = true;
    executor_.Post([this, keep = std::move(keep)] {
      const std::lock_guard flush_lock(mutex_);
      flush_posted_ = false;
      WriteWaiting();
    });
  }

  // Ends the sending side after what waits.
  void End() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ending_, true)) return;
    if (!writing_ && !has_waiting_) reactor_.FinishWrites();
    if (!writing_) WriteWaiting();
  }

  // Ends the sending side at once, dropping what waits; `leave` ends the call.
  template <typename Leave>
  void EndNow(Leave leave) {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    DropWaiting();
    leave();
  }

  // From gRPC.
  void WriteDone(bool ok) {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok) DropWaiting();
    if (has_waiting_) {
      WriteWaiting();
    } else if (ending_) {
      reactor_.FinishWrites();
    }
  }

  // From gRPC: hands the frame over, then reads the next.
  void ReadDone(Handler* handler, std::shared_ptr<void> keep) {
    executor_.Post([this, handler, keep = std::move(keep)] {
      In frame;
      {
        const std::lock_guard lock(mutex_);
        frame.Swap(&incoming_);
        reactor_.ReadNext(&incoming_);
      }
      if (handler != nullptr) handler->OnFrame(std::move(frame));
    });
  }

  io::Executor& executor() { return executor_; }

 private:
  void DropWaiting() {
    has_waiting_ = false;
    waiting_.Clear();
  }

  void WriteWaiting() {
    if (writing_ || !has_waiting_) return;
    writing_ = true;
    has_waiting_ = false;
    outgoing_.Clear();
    outgoing_.Swap(&waiting_);
    reactor_.StartWrite(&outgoing_);
  }

  Reactor& reactor_;
  io::Executor& executor_;
  std::mutex mutex_;
  Out waiting_;
  Out outgoing_;
  In incoming_;
  bool has_waiting_ = false;
  bool writing_ = false;
  bool flush_posted_ = false;
  bool ending_ = false;
};

}  // namespace postern::rpc
