#include "services/mailbox-transport/queue/ramp.h"

#include "gtest/gtest.h"

namespace postern::queue {
namespace {

constexpr bool kUp = true;
constexpr bool kDown = false;

class RampTest : public ::testing::Test {
 protected:
  void Works(int times) {
    for (int i = 0; i < times; ++i)
      ramp_.Worked(kUp, now_);
  }

  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  Ramp ramp_{1, 5};
};

TEST_F(RampTest, EachSuccessGivesOneMoreUpToTheMost) {
  EXPECT_EQ(ramp_.allowed(), 1U);
  Works(2);
  EXPECT_EQ(ramp_.allowed(), 3U);
  Works(10);
  EXPECT_EQ(ramp_.allowed(), 5U);
}

TEST_F(RampTest, AFailureWhileOthersSucceedTakesOne) {
  Works(4);
  EXPECT_TRUE(ramp_.Shrink(kUp, 4));
  EXPECT_EQ(ramp_.allowed(), 3U);
  EXPECT_EQ(ramp_.failures(), 0U);
}

TEST_F(RampTest, TheLastOnesFailureAndOneBeforeAnySuccessDoNot) {
  EXPECT_FALSE(ramp_.Shrink(kUp, 4)) << "nothing has worked yet";
  Works(4);
  EXPECT_FALSE(ramp_.Shrink(kUp, 1));
  EXPECT_FALSE(ramp_.Shrink(kDown, 4));
}

TEST_F(RampTest, WhatFellBeginsAnewWhenItWorks) {
  Works(4);
  ramp_.Fall(now_);
  const absl::Time fell = now_;
  now_ += absl::Minutes(1);
  ramp_.Fall(now_);
  EXPECT_EQ(ramp_.allowed(), 1U);
  EXPECT_EQ(ramp_.failures(), 2U);
  EXPECT_EQ(ramp_.first_retry(), fell);
  EXPECT_FALSE(ramp_.worked());

  EXPECT_TRUE(ramp_.Worked(kDown, now_));
  EXPECT_EQ(ramp_.allowed(), 2U);
  EXPECT_EQ(ramp_.failures(), 0U);
  EXPECT_EQ(ramp_.first_retry(), absl::InfiniteFuture());
}

TEST_F(RampTest, ManyDeferralsInARowHalveIt) {
  Works(4);
  for (std::size_t i = 1; i < kDeferralsInARow; ++i)
    EXPECT_FALSE(ramp_.PutOff(kUp, 2));
  EXPECT_TRUE(ramp_.PutOff(kUp, 2));
  EXPECT_EQ(ramp_.allowed(), 2U);
}

TEST_F(RampTest, ASuccessBetweenThemBeginsTheCountAnew) {
  Works(4);
  for (std::size_t i = 1; i < kDeferralsInARow; ++i)
    ramp_.PutOff(kUp, 2);
  Works(1);
  EXPECT_FALSE(ramp_.PutOff(kUp, 2));
  EXPECT_EQ(ramp_.allowed(), 5U);
}

TEST_F(RampTest, ASlowFirstOneGetsCompanyAndItsFailuresCountOn) {
  ramp_.Fall(now_);
  ramp_.Widen(1, now_);
  EXPECT_EQ(ramp_.allowed(), 2U);
  EXPECT_EQ(ramp_.failures(), 1U);
  EXPECT_EQ(ramp_.patience_ends(), now_ + kRampPatience);
  EXPECT_TRUE(ramp_.Worked(kUp, now_)) << "they end with the first success";
}

TEST_F(RampTest, IsFullWhenAllAreUnderWayAndMoreAreAllowed) {
  EXPECT_FALSE(ramp_.Full(0));
  EXPECT_TRUE(ramp_.Full(1));
  Works(4);
  EXPECT_FALSE(ramp_.Full(5)) << "it has the most";
}

}  // namespace
}  // namespace postern::queue
