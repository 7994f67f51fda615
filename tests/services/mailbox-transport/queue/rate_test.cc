#include "services/mailbox-transport/queue/rate.h"

#include "gtest/gtest.h"

namespace postern::queue {
namespace {

class RateTest : public ::testing::Test {
 protected:
  void Count(int messages) {
    for (int i = 0; i < messages; ++i)
      rate_.Count(now_);
  }

  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  Rate rate_;
};

TEST_F(RateTest, CountsTheLastMinute) {
  EXPECT_EQ(rate_.PerMinute(now_), 0);
  Count(10);
  now_ += absl::Seconds(30);
  Count(5);
  EXPECT_EQ(rate_.PerMinute(now_), 15);
  now_ += absl::Seconds(30);
  EXPECT_EQ(rate_.PerMinute(now_), 5) << "the first ten are a minute old";
  now_ += absl::Seconds(30);
  EXPECT_EQ(rate_.PerMinute(now_), 0);
}

TEST_F(RateTest, ForgetsWhatIsOldWhenItCountsAgain) {
  Count(10);
  now_ += absl::Hours(1);
  Count(1);
  EXPECT_EQ(rate_.PerMinute(now_), 1);
}

TEST_F(RateTest, AClockThatIsSetBackDoesNoHarm) {
  Count(10);
  now_ -= absl::Hours(1);
  Count(1);
  EXPECT_LE(rate_.PerMinute(now_), 11);
  now_ += absl::Minutes(2);
  EXPECT_EQ(rate_.PerMinute(now_), 0);
}

}  // namespace
}  // namespace postern::queue
