#include "common/base/clock.h"

#include <gtest/gtest.h>

namespace postern::base {
namespace {

TEST(ClockTest, SystemClockIsTheTimeOfDay) {
  const absl::Time before = absl::Now();
  const absl::Time now = Clock::System().Now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, absl::Now());
}

}  // namespace
}  // namespace postern::base
