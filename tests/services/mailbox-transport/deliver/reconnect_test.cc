#include "services/mailbox-transport/deliver/reconnect.h"

#include "gtest/gtest.h"

namespace postern::deliver {
namespace {

TEST(ReconnectTest, FirstOpeningsAreNotPutOffAndLaterOnesUpToABound) {
  const absl::Duration second = absl::Seconds(1);
  for (int failed = 0; failed <= kReconnectsAtOnce; ++failed)
    EXPECT_EQ(PauseBefore(failed, second), second) << failed;
  EXPECT_EQ(PauseBefore(kReconnectsAtOnce + 1, second), absl::Seconds(2));
  EXPECT_EQ(PauseBefore(kReconnectsAtOnce + 2, second), absl::Seconds(4));
  EXPECT_EQ(PauseBefore(kReconnectsAtOnce + 4, second), kReconnectPauseMax);
  EXPECT_EQ(PauseBefore(1'000'000, second), kReconnectPauseMax);
}

TEST(ReconnectTest, LongerPauseOfTheSettingsStays) {
  for (const int failed : {0, 1, kReconnectsAtOnce + 1, 1000})
    EXPECT_EQ(PauseBefore(failed, absl::Minutes(2)), absl::Minutes(2)) << failed;
}

TEST(EndCountTest, FirstEndIsSaidAtOnceAndThenOnceAMinuteWithHowMany) {
  const absl::Time begin = absl::FromUnixSeconds(1'000);
  EndCount ends;
  EXPECT_EQ(ends.Note(begin), 1);
  for (int second = 1; second < 60; ++second)
    EXPECT_EQ(ends.Note(begin + absl::Seconds(second)), 0);
  EXPECT_EQ(ends.Note(begin + absl::Minutes(1)), 60);
  EXPECT_EQ(ends.Note(begin + absl::Minutes(3)), 1);
}

}  // namespace
}  // namespace postern::deliver
