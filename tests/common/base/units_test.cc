#include "common/base/units.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::base {
namespace {

struct SizeCase {
  std::string_view text;
  std::uint64_t bytes;
};

constexpr SizeCase kSizeCases[] = {
    {"0", 0},
    {"4096", 4096},
    {"1B", 1},
    {"1KB", 1024},
    {"25MB", 26'214'400},
    {" 25 mb ", 26'214'400},
    {"2GB", 2'147'483'648},
    {"1TB", 1'099'511'627'776},
    {"16777215TB", 16'777'215ULL << 40},
    {"unlimited", kUnlimited},
    {"UNLIMITED", kUnlimited},
};

TEST(SizeTest, AdministratorsFormsAreRead) {
  for (const SizeCase& row : kSizeCases)
    EXPECT_EQ(*ParseSize(row.text), row.bytes) << row.text;
}

TEST(SizeTest, WhatIsNoSizeIsRefused) {
  for (const std::string_view text : {"", " ", "MB", "-1", "1.5MB", "1 M", "1MBB", "16777216TB",
                                      "18446744073709551616", "0x10", "1MB 2KB", "unlimite"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseSize(text).status())) << text;
  }
  EXPECT_EQ(MessageOf(ParseSize("1 M").status()),
            "\"1 M\" is not a size: write a whole number with B, KB, MB, GB or TB, or "
            "\"unlimited\"");
}

TEST(SizeTest, ShortestExactFormIsWrittenAndReadBack) {
  EXPECT_EQ(FormatSize(26'214'400), "25MB");
  EXPECT_EQ(FormatSize(1025), "1025B");
  EXPECT_EQ(FormatSize(0), "0B");
  EXPECT_EQ(FormatSize(kUnlimited), "unlimited");
  for (const SizeCase& row : kSizeCases)
    EXPECT_EQ(*ParseSize(FormatSize(row.bytes)), row.bytes);
}

struct SpanCase {
  std::string_view text;
  absl::Duration span;
};

const SpanCase kSpanCases[] = {
    {"00:10:00", absl::Minutes(10)},
    {"23:59:59", absl::Seconds(86'399)},
    {"2.00:00:00", absl::Hours(48)},
    {"1.02:03:04", absl::Hours(26) + absl::Seconds(184)},
    {"00:00:00.5", absl::Milliseconds(500)},
    {"00:00:01.250", absl::Milliseconds(1250)},
    {"1:2:3", absl::Seconds(3723)},
    {"500ms", absl::Milliseconds(500)},
    {"30s", absl::Seconds(30)},
    {"5m", absl::Minutes(5)},
    {"12h", absl::Hours(12)},
    {"2d", absl::Hours(48)},
    {" 30s ", absl::Seconds(30)},
    {"0", absl::ZeroDuration()},
};

TEST(TimeSpanTest, BothFormsAreRead) {
  for (const SpanCase& row : kSpanCases)
    EXPECT_EQ(*ParseTimeSpan(row.text), row.span) << row.text;
}

TEST(TimeSpanTest, WhatIsNoSpanIsRefused) {
  for (const std::string_view text : {"",
                                      "30",
                                      "s",
                                      "-5s",
                                      "+5s",
                                      "inf",
                                      "24:00:00",
                                      "00:60:00",
                                      "00:00:60",
                                      "00:00",
                                      "1:2:3:4",
                                      "a:b:c",
                                      "-1.00:00:00",
                                      "200000.00:00:00",
                                      "1..00:00:00",
                                      "00:00:01.1.2",
                                      "00:00:01.x",
                                      "5 s",
                                      "200000d",
                                      "d"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseTimeSpan(text).status())) << text;
  }
}

TEST(TimeSpanTest, ExchangesFormIsWrittenAndReadBack) {
  EXPECT_EQ(FormatTimeSpan(absl::Minutes(10)), "00:10:00");
  EXPECT_EQ(FormatTimeSpan(absl::Hours(48)), "2.00:00:00");
  EXPECT_EQ(FormatTimeSpan(absl::Milliseconds(1250)), "00:00:01.250");
  EXPECT_EQ(FormatTimeSpan(absl::ZeroDuration()), "00:00:00");
  for (const SpanCase& row : kSpanCases) {
    EXPECT_EQ(*ParseTimeSpan(FormatTimeSpan(row.span)), row.span) << row.text;
  }
}

TEST(FormatTimeTest, IsIso8601InUtcWithMilliseconds) {
  EXPECT_EQ(base::FormatTime(absl::UnixEpoch()), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(base::FormatTime(absl::FromUnixMillis(1'700'000'000'123)), "2023-11-14T22:13:20.123Z");
}

}  // namespace
}  // namespace postern::base
