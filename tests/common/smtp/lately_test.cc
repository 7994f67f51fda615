#include "common/smtp/lately.h"

#include "gtest/gtest.h"

#include "common/io/endpoint.h"

namespace postern::smtp {
namespace {

io::Endpoint At(std::uint16_t port) {
  return {*io::IpAddress::Parse("192.0.2.1"), port};
}

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

TEST(LatelyTest, WhatIsRememberedIsSoForAWhileOrUntilItIsForgotten) {
  Lately<io::Endpoint> lately(absl::Minutes(10), 5);
  lately.Remember(At(1), kStart);
  EXPECT_TRUE(lately.Contains(At(1), kStart + absl::Minutes(9)));
  EXPECT_FALSE(lately.Contains(At(1), kStart + absl::Minutes(10)));
  EXPECT_FALSE(lately.Contains(At(2), kStart));
  lately.Remember(At(1), kStart + absl::Minutes(5));
  EXPECT_TRUE(lately.Contains(At(1), kStart + absl::Minutes(14)));
  lately.Forget(At(1));
  EXPECT_FALSE(lately.Contains(At(1), kStart + absl::Minutes(5)));
}

TEST(LatelyTest, ThePastMakeRoomAndOthersDoNot) {
  Lately<io::Endpoint> lately(absl::Minutes(10), 2);
  lately.Remember(At(1), kStart);
  lately.Remember(At(2), kStart);
  lately.Remember(At(3), kStart + absl::Minutes(1));
  EXPECT_FALSE(lately.Contains(At(3), kStart + absl::Minutes(1)));
  lately.Remember(At(2), kStart + absl::Minutes(1));
  lately.Remember(At(3), kStart + absl::Minutes(10));
  EXPECT_TRUE(lately.Contains(At(3), kStart + absl::Minutes(10)));
  EXPECT_TRUE(lately.Contains(At(2), kStart + absl::Minutes(10)));
  EXPECT_EQ(lately.size(), 2u);
}

}  // namespace
}  // namespace postern::smtp
