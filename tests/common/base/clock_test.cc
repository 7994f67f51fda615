#include "common/base/clock.h"

#include <gtest/gtest.h>

namespace postern::base {
namespace {

TEST(ClockTest, FakeClockStandsStillUntilMoved) {
  FakeClock clock(absl::FromUnixSeconds(100));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(100));
  clock.Advance(absl::Minutes(1));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(160));
}

TEST(ClockTest, SystemClockIsTheTimeOfDay) {
  const absl::Time before = absl::Now();
  const absl::Time now = Clock::System().Now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, absl::Now());
}

}  // namespace
}  // namespace postern::base
