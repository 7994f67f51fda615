// common/io/alarm.h
//
// A timer that calls back, for foreign libraries that tell when they want to be called.
//
// Flow      Set as often as needed; each Set replaces the one before; Clear.
// Lifetime  Made, used and destroyed on its executor; destroying it inside its own callback is
//           safe.

#pragma once

#include <functional>
#include <memory>

#include "absl/time/time.h"

#include "common/io/executor.h"

namespace postern::io {

class Alarm {
 public:
  Alarm(Executor& executor, std::function<void()> on_time);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void Set(absl::Duration from_now);
  void Clear();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::io
