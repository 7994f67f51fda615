// tests/common/io/io_test.h
//
// An executor that runs, and Run(task) to wait for a coroutine from a test.

#pragma once

#include <utility>

#include <gtest/gtest.h>

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/io/task.h"

namespace postern::io {

class IoTest : public ::testing::Test {
 protected:
  IoTest() { executor_.Start(); }

  ~IoTest() override { executor_.Stop(); }

  void Run(Task<void> task) { RunTask(executor_, std::move(task)); }

  Executor executor_{"test"};
};

}  // namespace postern::io
