#include "common/base/ticker.h"

#include <utility>

namespace postern::base {

Ticker::Ticker(absl::Duration wait, std::function<void()> tick)
    : tick_(std::move(tick)), thread_([this, wait] { Run(wait); }) {}

Ticker::~Ticker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Ticker::Run(absl::Duration wait) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, absl::ToChronoNanoseconds(wait), [this] { return stopping_; })) {
    lock.unlock();
    tick_();
    lock.lock();
  }
}

}  // namespace postern::base
