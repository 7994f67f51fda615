// tests/support/await.h
//
// Await: runs a task on an executor from the test's thread and gives its result.
//
// Flow      const auto answer = Await(executor, resolver.Mx("example.test"));

#pragma once

#include <optional>
#include <utility>

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/io/task.h"

namespace postern::testing {

template <typename T>
io::Task<void> StoreResult(io::Task<T> task, std::optional<T>* result) {
  result->emplace(co_await std::move(task));
}

template <typename T>
T Await(io::Executor& executor, io::Task<T> task) {
  std::optional<T> result;
  io::RunTask(executor, StoreResult(std::move(task), &result));
  return std::move(*result);
}

}  // namespace postern::testing
