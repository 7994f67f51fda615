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

// Stands still until it is told to move; for tests.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'800'000'000)) : now_(now) {}

  absl::Time Now() const override { return now_; }

  void Advance(absl::Duration by) { now_ += by; }

 private:
  absl::Time now_;
};

}  // namespace postern::base
