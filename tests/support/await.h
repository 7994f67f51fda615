// tests/support/await.h
//
// Await: runs a task on an executor from the test's thread and gives its result.
//
// Flow      const auto answer = Await(executor, resolver.Mx("example.test"));

#pragma once

#include <utility>

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/io/task.h"

namespace postern::testing {

template <typename T>
T Await(io::Executor& executor, io::Task<T> task) {
  return io::RunTask(executor, std::move(task));
}

}  // namespace postern::testing
