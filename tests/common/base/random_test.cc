#include "common/base/random.h"

#include <set>

#include <gtest/gtest.h>

namespace postern::base {
namespace {

TEST(RandomTest, SameSeedGivesTheSameNumbers) {
  SeededRandom one(5);
  SeededRandom same(5);
  SeededRandom other(6);
  EXPECT_EQ(one.Next(), same.Next());
  EXPECT_NE(one.Next(), other.Next());
}

TEST(RandomTest, SystemNumbersDoNotRepeatAcrossThePool) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i)
    seen.insert(Random::System().Next());
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(RandomTest, BelowStaysBelowAndReachesEveryNumber) {
  SeededRandom random(1);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 200; ++i)
    seen.insert(random.Below(7));
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(random.Below(1), 0U);
}

TEST(RandomTest, ASpanIsFromHalfOfItToAllOfIt) {
  SeededRandom random(1);
  std::set<absl::Duration> seen;
  for (int i = 0; i < 200; ++i)
    seen.insert(random.HalfToAll(absl::Microseconds(6)));
  EXPECT_EQ(seen, (std::set<absl::Duration>{absl::Microseconds(3), absl::Microseconds(4),
                                            absl::Microseconds(5), absl::Microseconds(6)}));
  EXPECT_EQ(random.HalfToAll(absl::ZeroDuration()), absl::ZeroDuration());
}

TEST(RandomTest, AroundASpanIsWithinItsPercentBothWays) {
  SeededRandom random(3);
  std::set<absl::Duration> seen;
  for (int i = 0; i < 200; ++i)
    seen.insert(random.Around(absl::Milliseconds(20), 10));
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(*seen.begin(), absl::Milliseconds(18));
  EXPECT_EQ(*seen.rbegin(), absl::Milliseconds(22));
  EXPECT_EQ(random.Around(absl::Milliseconds(20), 0), absl::Milliseconds(20));
}

TEST(RandomTest, UuidIsOfVersionFour) {
  SeededRandom random(1);
  for (int i = 0; i < 50; ++i) {
    const std::string uuid = random.Uuid();
    ASSERT_EQ(uuid.size(), 36U);
    for (const std::size_t dash : {8U, 13U, 18U, 23U})
      EXPECT_EQ(uuid[dash], '-');
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string_view("89ab").find(uuid[19]), std::string_view::npos);
    EXPECT_EQ(uuid.find_first_not_of("0123456789abcdef-"), std::string::npos);
  }
}

}  // namespace
}  // namespace postern::base
