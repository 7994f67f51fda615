// common/base/ticker.h
//
// Ticker: calls something again and again, on a thread of its own.
//
// Flow      Construct with the first wait and what to call, which gives the next wait; destroying
//           ends it.
// Lifetime  The first call comes after one wait, the last one ends before the destructor returns.
// Limits    The wait runs from the end of a call to the next. A name has at most 15 bytes.

#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/time/time.h"

namespace postern::base {

class Ticker {
 public:
  Ticker(std::string name, absl::Duration first, std::function<absl::Duration()> tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // No call begins any more; one that is under way goes on.
  void Close();

 private:
  void Run(absl::Duration wait);

  const std::string name_;
  const std::function<absl::Duration()> tick_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace postern::base
