// common/io/scope.h
//
// A nursery: the fibers that were spawned here end before it does.
//
// Flow      Spawn as often as needed; Stop cancels every wait inside; Join waits until all have
//           ended.
// Failure   A fiber has no result; what can fail reports for itself.
// Lifetime  Destroying a Scope with living fibers is a bug (checked). Spawned tasks take their
//           parameters by value.
// Limits    One executor: every call is made on it, except SpawnFrom, which is safe from any
//           thread.

#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "common/io/event.h"
#include "common/io/executor.h"
#include "common/io/fiber.h"
#include "common/io/task.h"

namespace postern::io {

class Scope {
 public:
  explicit Scope(Executor& executor);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // Starts `task` at once, on this executor, and returns when it first waits. After Stop, tasks
  // still start, but each cancellable wait of theirs ends at once.
  void Spawn(Task<void> task);

  // Posts the start; the scope must outlive it.
  void SpawnFrom(Task<void> task);

  // Ends every cancellable wait of every fiber, now and later.
  void Stop();

  // Waits until no fiber is left. From a fiber of another scope.
  Task<void> Join();

  bool stopping() const { return stopping_; }

  std::size_t size() const { return living_; }

  Executor& executor() { return executor_; }

 private:
  struct Strand;
  void End(Strand* strand);

  Executor& executor_;
  std::list<std::unique_ptr<Strand>> strands_;
  std::size_t living_ = 0;
  bool stopping_ = false;
  Event empty_;
};

// For start, stop and tests: runs `task` to its end on `executor` from another thread.
void RunTask(Executor& executor, Task<void> task);

// For a fiber, which has no result.
template <typename T>
Task<void> StoreResult(Task<T> task, std::optional<T>* result) {
  result->emplace(co_await std::move(task));
}

template <typename T>
T RunTask(Executor& executor, Task<T> task) {
  std::optional<T> result;
  RunTask(executor, StoreResult(std::move(task), &result));
  return *std::move(result);
}

}  // namespace postern::io
