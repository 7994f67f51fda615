// common/base/clock.h
//
// The clock seam: what time it is, for stamps, schedules and expiry. Waiting is io::Sleep.
//
// Lifetime  Clock::System() lives as long as the process.

#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace postern::base {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;

  static Clock& System();
};

}  // namespace postern::base
