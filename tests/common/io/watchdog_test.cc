#include "common/io/watchdog.h"

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/await.h"

namespace postern::io {
namespace {

using ::testing::MatchesRegex;

TEST(WatchdogTest, ALoopThatHangsIsToldUntilItGoesOn) {
  Executor good("good");
  Executor hangs("hangs");
  good.Start();
  hangs.Start();
  absl::Notification go_on;
  {
    const Watchdog watchdog({&good, &hangs}, absl::Milliseconds(5));
    absl::SleepFor(absl::Milliseconds(50));
    EXPECT_EQ(watchdog.Stalled(absl::Seconds(10)), "");
    hangs.Post([&go_on] { go_on.WaitForNotification(); });
    EXPECT_TRUE(
        postern::testing::Soon([&] { return !watchdog.Stalled(absl::Milliseconds(100)).empty(); }));
    EXPECT_GE(watchdog.Lag(), absl::Milliseconds(100));
    EXPECT_THAT(watchdog.Stalled(absl::Milliseconds(100)),
                MatchesRegex("an io thread has not answered for [0-9.ms]+"));
    go_on.Notify();
    EXPECT_TRUE(
        postern::testing::Soon([&] { return watchdog.Stalled(absl::Milliseconds(100)).empty(); }));
  }
  hangs.Stop();
  good.Stop();
}

}  // namespace
}  // namespace postern::io
