// common/io/task.h
//
// Task<T>: the result of a coroutine that has not happened yet.
//
// Flow      Lazy: runs when awaited, and is awaited exactly once, or is given to a Scope.
// Failure   Failures are values (Status); an exception that leaves a Task ends the process.
// Lifetime  Owns its coroutine frame. Destroying an unawaited Task destroys what it captured.
// Limits    A Task and all that it awaits run on one executor. Awaiting costs no stack: a Task that
//           completes without waiting returns to its awaiter, so loops may await for ever.
// See       docs/style.md "Async"; never braces or lambdas between co_await and its semicolon (g++
//           12).

#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "common/base/check.h"
#include "common/io/frame_memory.h"

namespace postern::io {

template <typename T>
class Task;

namespace task_internal {

struct PromiseBase {
  std::coroutine_handle<> continuation;
  bool starting = false;  // the awaiter is still inside its call of resume()
  bool done = false;

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
      PromiseBase& promise = handle.promise();
      promise.done = true;
      // The frame may be gone once the continuation runs: nothing of it is touched afterwards.
      if (!promise.starting && promise.continuation) promise.continuation.resume();
    }

    void await_resume() const noexcept {}
  };

  static void* operator new(std::size_t bytes) { return frame_memory::Take(bytes); }

  static void operator delete(void* frame, std::size_t bytes) { frame_memory::Give(frame, bytes); }

  std::suspend_always initial_suspend() noexcept { return {}; }

  FinalAwaiter final_suspend() noexcept { return {}; }

  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;

  Task<T> get_return_object();

  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }

  T Take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();

  void return_void() noexcept {}

  void Take() noexcept {}
};

}  // namespace task_internal

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = task_internal::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  Task& operator=(Task&&) = delete;

  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    Handle handle;

    bool await_ready() const noexcept { return false; }

    bool await_suspend(std::coroutine_handle<> awaiter) noexcept {
      auto& promise = handle.promise();
      promise.continuation = awaiter;
      promise.starting = true;
      handle.resume();
      promise.starting = false;
      return !promise.done;
    }

    T await_resume() { return handle.promise().Take(); }
  };

  Awaiter operator co_await() && noexcept {
    POSTERN_CHECK(handle_);
    return Awaiter{handle_};
  }

 private:
  Handle handle_;
};

namespace task_internal {

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace task_internal

}  // namespace postern::io
