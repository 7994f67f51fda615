// common/base/ticker.h
//
// Ticker: calls something again and again, on a thread of its own.
//
// Flow      Construct with the wait and what to call; destroying ends it.
// Lifetime  The first call comes after one wait, the last one ends before the destructor returns.
// Limits    The wait runs from the end of a call to the next.

#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace postern::base {

class Ticker {
 public:
  Ticker(absl::Duration wait, std::function<void()> tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  void Run(absl::Duration wait);

  const std::function<void()> tick_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace postern::base
