// common/io/executor.h
//
// One thread with its event loop; all mutable state above floor 2 belongs to one of these.
//
// Flow      Construct, Start; Post from anywhere; Stop, which joins the thread.
// Lifetime  Outlives every stream, timer and Scope made on it.
// Limits    Posts are queued without bound: a poster must be bounded itself. One wake-up serves
//           every post that waits.
// See       docs/architecture.md "Threads"

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/functional/any_invocable.h"

namespace asio {
class io_context;
}

namespace postern::io {

class Executor {
 public:
  explicit Executor(std::string name);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Runs the loop on a thread of its own until Stop.
  void Start();
  // Ends the loop when what is running now returns, and joins the thread. Not from the loop itself.
  void Stop();

  // Runs `fn` on the loop, in the order of posting. Safe from every thread.
  void Post(absl::AnyInvocable<void()> fn);

  // Runs `fn` on the loop and waits for it; not from the loop itself. For start, stop and tests.
  void Run(absl::AnyInvocable<void()> fn);

  bool InThread() const;
  // The executor whose loop runs on this thread, or null.
  static Executor* Current();

  asio::io_context& context();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::io
