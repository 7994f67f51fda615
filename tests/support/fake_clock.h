// tests/support/fake_clock.h
//
// A clock that stands still until it is told to move.
//
// See       common/base/clock.h

#pragma once

#include "absl/time/time.h"

#include "common/base/clock.h"

namespace postern::testing {

class FakeClock final : public base::Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'800'000'000)) : now_(now) {}

  absl::Time Now() const override { return now_; }

  void Advance(absl::Duration by) { now_ += by; }

 private:
  absl::Time now_;
};

}  // namespace postern::testing
