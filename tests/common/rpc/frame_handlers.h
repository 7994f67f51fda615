// tests/common/rpc/frame_handlers.h
//
// The two ends of a proxy stream that remember what came, for any thread to read.

#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "common/rpc/frame_stream.h"
#include "tests/support/await.h"

namespace postern::rpc {

using testing::Soon;

template <typename Stream, typename In>
class Remembering final : public Stream::Handler {
 public:
  void OnFrame(In frame) override {
    const std::lock_guard lock(mutex_);
    frames_.push_back(std::move(frame));
  }

  void OnClosed(absl::Status status) override {
    const std::lock_guard lock(mutex_);
    ++closed_;
    status_ = std::move(status);
  }

  std::vector<In> frames() const {
    const std::lock_guard lock(mutex_);
    return frames_;
  }

  int closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  absl::Status status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<In> frames_;
  int closed_ = 0;
  absl::Status status_;
};

using MailboxSide = Remembering<ToFrontEnd, v1::ProxyToMailbox>;
using FrontEndSide = Remembering<ToMailbox, v1::ProxyToFrontEnd>;

inline v1::ProxyToFrontEnd OfferOf(std::uint64_t delivery) {
  v1::ProxyToFrontEnd frame;
  frame.add_offers()->set_delivery(delivery);
  return frame;
}

inline v1::ProxyToMailbox CreditOf(std::uint32_t slots) {
  v1::ProxyToMailbox frame;
  frame.mutable_credit()->set_slots(slots);
  return frame;
}

// How many offers came, in however many frames.
inline int Offers(const FrontEndSide& side) {
  int count = 0;
  for (const v1::ProxyToFrontEnd& frame : side.frames())
    count += frame.offers_size();
  return count;
}

}  // namespace postern::rpc
