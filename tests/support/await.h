// tests/support/await.h
//
// Await: runs a task on an executor from the test's thread and gives its result. Soon: waits until
// something holds.
//
// Flow      const auto answer = Await(executor, resolver.Mx("example.test"));
//           EXPECT_TRUE(Soon([&] { return peer.connections() == 1; }));
// Limits    Soon waits for kPatience, unless told.

#pragma once

#include <chrono>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/io/task.h"

namespace postern::testing {

template <typename T>
T Await(io::Executor& executor, io::Task<T> task) {
  return io::RunTask(executor, std::move(task));
}

inline constexpr absl::Duration kPatience = absl::Seconds(20);

// False when it does not come to hold in time.
template <typename Holds>
bool Soon(const Holds& holds, absl::Duration within = kPatience) {
  const absl::Time deadline = absl::Now() + within;
  while (!holds()) {
    if (absl::Now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// The same of what belongs to an executor.
template <typename Holds>
bool Soon(io::Executor& executor, const Holds& holds, absl::Duration within = kPatience) {
  const auto asked = [&] {
    bool now = false;
    executor.Run([&] { now = holds(); });
    return now;
  };
  return Soon(asked, within);
}

}  // namespace postern::testing
