#include "common/io/on_disk.h"

namespace postern::io {

DiskPool::DiskPool(int threads) {
  for (int i = 0; i < threads; ++i)
    threads_.emplace_back([this] { Loop(); });
}

DiskPool::~DiskPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void DiskPool::Submit(absl::AnyInvocable<void()> fn) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(fn));
  }
  wake_.notify_one();
}

void DiskPool::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    absl::AnyInvocable<void()> fn = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    fn();
    fn = nullptr;
    lock.lock();
  }
}

}  // namespace postern::io
