#include "common/base/ticker.h"

#include <utility>

#include <pthread.h>

namespace postern::base {

Ticker::Ticker(std::string name, absl::Duration first, std::function<absl::Duration()> tick)
    : name_(std::move(name)), tick_(std::move(tick)), thread_([this, first] { Run(first); }) {}

Ticker::~Ticker() {
  Close();
  thread_.join();
}

void Ticker::Close() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
}

void Ticker::Run(absl::Duration wait) {
  pthread_setname_np(pthread_self(), name_.c_str());
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, absl::ToChronoNanoseconds(wait), [this] { return stopping_; })) {
    lock.unlock();
    wait = tick_();
    lock.lock();
  }
}

}  // namespace postern::base
