// common/io/fiber.h
//
// A Fiber is one spawned Task with all that it awaits; a Wait is the one thing it is waiting for.
//
// Flow      A waiting primitive derives from Wait: Enter() when it suspends, Leave() when it
//           completes. Fiber::Cancel() makes the current and every later cancellable wait end at
//           once.
// Lifetime  The Scope owns its fibers. A Wait lives in the suspended coroutine's frame.
// Limits    Everything here happens on the fiber's executor; nothing is thread-safe.

#pragma once

#include <coroutine>

namespace postern::io {

class Executor;
class Fiber;

class Wait {
 public:
  Wait() = default;
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

 protected:
  virtual ~Wait() = default;

  // Remembers who waits. Returns false, and the caller must not suspend, when the fiber is
  // cancelled.
  bool Enter(std::coroutine_handle<> handle);
  // The same for waits that cancellation does not end (the commit wait).
  void EnterUncancellable(std::coroutine_handle<> handle);
  // Resumes the waiting coroutine. Call at most once for each Enter, on the executor, as the last
  // act: the Wait is usually gone when it returns.
  void Leave();

 private:
  friend class Fiber;
  // The fiber was cancelled while here: arrange that Leave() is called soon, with a cancelled
  // result.
  virtual void OnCancel() = 0;

  std::coroutine_handle<> handle_;
  Fiber* fiber_ = nullptr;
};

class Fiber {
 public:
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // The fiber that is running on this thread, or null.
  static Fiber* Current();

  bool cancelled() const { return cancelled_; }

  void Cancel();

  // Runs `handle` with this fiber as the current one, until it suspends or ends.
  void Resume(std::coroutine_handle<> handle);

 private:
  friend class Wait;

  bool cancelled_ = false;
  Wait* waiting_ = nullptr;
};

}  // namespace postern::io
