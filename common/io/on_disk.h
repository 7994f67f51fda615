// common/io/on_disk.h
//
// OnDisk: runs a blocking call on a small pool of threads and comes back to the executor.
//
// Lifetime  The pool outlives every OnDisk. `fn` owns what it uses: the wait is not cancelled.
// Limits    `threads` calls at a time; the rest wait in order.

#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"

#include "common/io/completion.h"
#include "common/io/executor.h"
#include "common/io/task.h"

namespace postern::io {

class DiskPool {
 public:
  explicit DiskPool(int threads);
  ~DiskPool();  // finishes what was submitted

  void Submit(absl::AnyInvocable<void()> fn);

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<absl::AnyInvocable<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <typename T>
Task<T> OnDisk(DiskPool& pool, absl::AnyInvocable<T()> fn) {
  auto done = std::make_shared<Completion<T>>(*Executor::Current());
  pool.Submit([done, fn = std::move(fn)]() mutable { done->Set(fn()); });
  co_return co_await done->Wait();
}

}  // namespace postern::io
