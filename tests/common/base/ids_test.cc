#include "common/base/ids.h"

#include <gtest/gtest.h>

namespace postern::base {
namespace {

TEST(MessageIdTest, KeysSortAsIdsDo) {
  const std::uint64_t values[] = {0, 1, 255, 256, 1ULL << 32, 1ULL << 63, UINT64_MAX};
  for (std::size_t i = 1; i < std::size(values); ++i) {
    EXPECT_LT(MessageId{values[i - 1]}.ToKey(), MessageId{values[i]}.ToKey());
    EXPECT_EQ(MessageId::FromKey(MessageId{values[i]}.ToKey()), MessageId{values[i]});
  }
}

TEST(MessageIdTest, KeyOfAnotherLengthIsNone) {
  for (const std::size_t size : {0U, 7U, 9U}) {
    EXPECT_FALSE(MessageId::FromKey(std::string(size, 'x')).has_value());
  }
}

TEST(MessageIdTest, IsWrittenInDecimalAndReadBack) {
  EXPECT_EQ(MessageId{42}.ToString(), "42");
  EXPECT_EQ(MessageId::Parse("18446744073709551615"), MessageId{UINT64_MAX});
  EXPECT_FALSE(MessageId::Parse("").has_value());
  EXPECT_FALSE(MessageId::Parse("-1").has_value());
  EXPECT_FALSE(MessageId::Parse("18446744073709551616").has_value());
}

TEST(MessageIdSourceTest, IdsRiseWithinAMillisecondAndWhenTheClockGoesBack) {
  MessageIdSource source;
  MessageId last = source.Next(1000);
  for (const std::int64_t now : {1000, 1000, 999, -5, 1001, 0}) {
    const MessageId next = source.Next(now);
    EXPECT_GT(next, last);
    last = next;
  }
}

TEST(MessageIdSourceTest, IdHoldsTheTime) {
  MessageIdSource source;
  EXPECT_EQ(source.Next(1000).value >> 20, 1000U);
}

TEST(MessageIdSourceTest, SeedKeepsNewIdsAboveTheLastOne) {
  const MessageId last{5000ULL << 20};
  MessageIdSource source(last);
  EXPECT_EQ(source.Next(1000).value, last.value + 1);
}

}  // namespace
}  // namespace postern::base
