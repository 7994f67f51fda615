#include "services/mailbox-transport/accept/rate_limit.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace postern::accept {
namespace {

TEST(RateLimitTest, AMinutesWorthIsThereAtOnceAndComesBackWithTime) {
  postern::testing::FakeClock clock;
  RateLimit limit(clock);
  const RateLimit::Rates rates{2, 0};
  EXPECT_TRUE(limit.TakeMessage("smtp:alice", rates));
  EXPECT_TRUE(limit.TakeMessage("smtp:alice", rates));
  EXPECT_FALSE(limit.TakeMessage("smtp:alice", rates));
  EXPECT_TRUE(limit.TakeMessage("smtp:bob", rates));
  clock.Advance(absl::Seconds(30));
  EXPECT_TRUE(limit.TakeMessage("smtp:alice", rates));
  EXPECT_FALSE(limit.TakeMessage("smtp:alice", rates));
}

TEST(RateLimitTest, RecipientsCountOnTheirOwn) {
  postern::testing::FakeClock clock;
  RateLimit limit(clock);
  const RateLimit::Rates rates{0, 10};
  EXPECT_TRUE(limit.TakeRecipients("a", 10, rates));
  EXPECT_FALSE(limit.TakeRecipients("a", 1, rates));
  EXPECT_TRUE(limit.TakeMessage("a", rates));
  clock.Advance(absl::Hours(5));
  EXPECT_FALSE(limit.TakeRecipients("a", 11, rates));
  EXPECT_TRUE(limit.TakeRecipients("a", 10, rates));
}

TEST(RateLimitTest, ZeroIsNoLimit) {
  postern::testing::FakeClock clock;
  RateLimit limit(clock);
  for (int i = 0; i < 1000; ++i)
    EXPECT_TRUE(limit.TakeMessage("a", RateLimit::Rates()));
}

}  // namespace
}  // namespace postern::accept
