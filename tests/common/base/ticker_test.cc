#include "common/base/ticker.h"

#include <atomic>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace postern::base {
namespace {

TEST(TickerTest, CallsAgainAndAgainUntilItIsDestroyed) {
  std::atomic<int> ticks{0};
  {
    const Ticker ticker("ticker", absl::Milliseconds(1), [&] {
      ++ticks;
      return absl::Milliseconds(1);
    });
    for (int i = 0; i < 5000 && ticks < 3; ++i)
      absl::SleepFor(absl::Milliseconds(1));
  }
  const int at_end = ticks;
  EXPECT_GE(at_end, 3);
  absl::SleepFor(absl::Milliseconds(20));
  EXPECT_EQ(ticks, at_end);
}

TEST(TickerTest, ACallSaysWhenTheNextComesAndNoneBeginsAfterClose) {
  std::atomic<int> ticks{0};
  Ticker ticker("ticker", absl::ZeroDuration(), [&] {
    ++ticks;
    return ticks < 3 ? absl::ZeroDuration() : absl::Hours(1);
  });
  for (int i = 0; i < 5000 && ticks < 3; ++i)
    absl::SleepFor(absl::Milliseconds(1));
  absl::SleepFor(absl::Milliseconds(20));
  EXPECT_EQ(ticks, 3);
  ticker.Close();
  absl::SleepFor(absl::Milliseconds(20));
  EXPECT_EQ(ticks, 3);
}

TEST(TickerTest, ALongWaitDoesNotHoldItsEnd) {
  std::atomic<int> ticks{0};
  const absl::Time begun = absl::Now();
  {
    const Ticker ticker("ticker", absl::Hours(1), [&] {
      ++ticks;
      return absl::Hours(1);
    });
  }
  EXPECT_LT(absl::Now() - begun, absl::Seconds(10));
  EXPECT_EQ(ticks, 0);
}

}  // namespace
}  // namespace postern::base
