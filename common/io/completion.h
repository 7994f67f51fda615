// common/io/completion.h
//
// Completion<T>: a result that another thread (gRPC, c-ares, the commit thread, the disk) will
// give.
//
// Flow      auto done = std::make_shared<Completion<T>>(executor);
//           start the work with a copy of `done`; there: done->Set(value), from any thread, once;
//           here: co_await done->Wait() or co_await done->Until(limit).
// Failure   Until: nullopt when the deadline came first or the fiber was stopped. The late result
//           is discarded. Wait is never cancelled: for commits, whose answer must be known.
// Lifetime  Shared by giver and waiter; either may go first.

#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/time/time.h"

#include "common/io/event.h"
#include "common/io/executor.h"
#include "common/io/task.h"

namespace postern::io {

namespace completion_internal {

// The part that does not depend on T.
class Signal : public std::enable_shared_from_this<Signal> {
 public:
  explicit Signal(Executor& executor) : executor_(executor) {}

  virtual ~Signal() = default;

 protected:
  // On the executor: marks as given and wakes the waiter.
  void Raise();
  Task<void> WaitUncancelled();
  Task<bool> WaitUntil(absl::Duration within);

  Executor& executor_;

 private:
  class UncancelledWait;
  bool raised_ = false;
  UncancelledWait* waiter_ = nullptr;
  Event event_;
};

}  // namespace completion_internal

template <typename T>
class Completion final : public completion_internal::Signal {
 public:
  explicit Completion(Executor& executor) : Signal(executor) {}

  void Set(T value) {
    auto self = std::static_pointer_cast<Completion>(shared_from_this());
    executor_.Post([self = std::move(self), value = std::move(value)]() mutable {
      self->value_.emplace(std::move(value));
      self->Raise();
    });
  }

  Task<T> Wait() {
    co_await WaitUncancelled();
    co_return std::move(*value_);
  }

  Task<std::optional<T>> Until(absl::Duration within) {
    const bool given = co_await WaitUntil(within);
    if (!given) co_return std::nullopt;
    co_return std::move(value_);
  }

 private:
  std::optional<T> value_;
};

}  // namespace postern::io
