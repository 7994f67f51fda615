// common/rpc/frame_pump.h
//
// FramePump: what the client's and the server's side of a gRPC frame stream have in common: merging
// and writing on one side, handing frames to the executor on the other.
//
// Flow      Begin once; Send and End from the executor; ReadDone and WriteDone from gRPC. A frame
//           is written at the end of the loop's turn; one that can wait and comes less than kGather
//           after the last write goes out when that time is over, with those that came meanwhile.
// Lifetime  Part of a reactor, which keeps itself alive until its executor has heard of OnDone.
// Limits    Nothing waits longer than kGather for others; a write ends before the frame that
//           would take it over kWriteBytesMax. Its lock guards a few words and what waits;
//           gRPC's threads and the executor share it. The reactor starts and ends operations under
//           it only, so none starts after the last.

#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "common/io/alarm.h"
#include "common/io/executor.h"
#include "common/rpc/frame_stream.h"

namespace postern::rpc {

// A write costs both ends wake-ups of several threads, whatever it carries; a delivery over the
// network takes longer than this.
inline constexpr absl::Duration kGather = absl::Microseconds(500);
// Less than rpc.frame_bytes_max at its lowest, with room for a frame that is alone in its write.
inline constexpr std::size_t kWriteBytesMax = 512 * 1024;

// `Reactor` has StartWrite(const Out*) as gRPC's bidirectional reactors have, ReadNext(In*), which
// reads unless the call is over, and FinishWrites() to end its sending side.
template <typename Reactor, typename Out, typename In>
class FramePump {
 public:
  using Handler = typename FrameStream<Out, In>::Handler;

  FramePump(Reactor& reactor, io::Executor& executor, absl::Duration gather = kGather)
      : reactor_(reactor), executor_(executor), gather_(gather) {}

  // On the executor: takes the first frame.
  void Begin() {
    gathered_.emplace(executor_, [this] { Flush(); });
    const std::lock_guard lock(mutex_);
    reactor_.ReadNext(&incoming_);
  }

  // On the executor. `keep` holds the reactor.
  void Send(Out frame, std::shared_ptr<void> keep) {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    const absl::Duration wait =
        CanWait(frame) ? std::min(written_ + gather_ - absl::Now(), gather_) : absl::ZeroDuration();
    Wait(frame);
    if (flush_posted_) return;
    if (wait > absl::ZeroDuration()) {
      if (!std::exchange(gathering_, true)) gathered_->Set(wait);
      return;
    }
    flush_posted_ = true;
    executor_.Post([this, keep = std::move(keep)] { Flush(); });
  }

  // Ends the sending side after what waits.
  void End() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ending_, true)) return;
    if (!writing_ && waiting_.empty()) reactor_.FinishWrites();
    if (!writing_) WriteWaiting();
  }

  // Ends the sending side at once, dropping what waits; `leave` ends the call.
  template <typename Leave>
  void EndNow(Leave leave) {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    waiting_.clear();
    leave();
  }

  // From gRPC.
  void WriteDone(bool ok) {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok) waiting_.clear();
    if (!waiting_.empty()) {
      if (due_ || ending_) WriteWaiting();
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
  void Wait(Out& frame) {
    const std::size_t bytes = frame.ByteSizeLong();
    if (waiting_.empty() || waiting_bytes_ + bytes > kWriteBytesMax) {
      waiting_.emplace_back().Swap(&spare_);
      waiting_bytes_ = 0;
    }
    waiting_bytes_ += bytes;
    Merge(frame, waiting_.back());
  }

  // On the executor: what waits goes out now, or after the write that is under way.
  void Flush() {
    const std::lock_guard lock(mutex_);
    flush_posted_ = false;
    gathering_ = false;
    due_ = true;
    WriteWaiting();
  }

  void WriteWaiting() {
    if (writing_) return;
    due_ = waiting_.size() > 1;
    if (waiting_.empty()) return;
    writing_ = true;
    written_ = absl::Now();
    outgoing_.Clear();
    outgoing_.Swap(&waiting_.front());
    spare_.Swap(&waiting_.front());
    waiting_.pop_front();
    reactor_.StartWrite(&outgoing_);
  }

  Reactor& reactor_;
  io::Executor& executor_;
  const absl::Duration gather_;
  std::optional<io::Alarm> gathered_;  // of the executor
  std::mutex mutex_;
  absl::Time written_ = absl::InfinitePast();  // the start of the last write
  std::deque<Out> waiting_;                    // a write each
  std::size_t waiting_bytes_ = 0;              // of the last one
  Out outgoing_;
  Out spare_;  // the memory of one that was written
  In incoming_;
  bool writing_ = false;
  bool flush_posted_ = false;
  bool gathering_ = false;  // the alarm is set
  bool due_ = false;        // what waits may follow the write that is under way
  bool ending_ = false;
};

}  // namespace postern::rpc
