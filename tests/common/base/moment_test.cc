#include "common/base/moment.h"

#include <gtest/gtest.h>

namespace postern::base {
namespace {

TEST(MomentTest, MomentsAreReadAsExchangeAndAsInternetWriteThem) {
  const absl::Time half_past_six = absl::FromUnixSeconds(1795847400);
  for (const char* text :
       {"2026-11-28T06:30:00Z", "2026-11-28t06:30:00z", "2026-11-28T07:30:00+01:00",
        "2026-11-28T06:30:00.000", "2026-11-28 06:30:00", "2026-11-28 06:30",
        "11/28/2026 6:30:00 AM", "11/28/2026 06:30", "11/28/2026 06:30:00"}) {
    EXPECT_EQ(ParseMoment(text), half_past_six) << text;
  }
  for (const char* text : {"", "now", "28.11.2026", "2026-13-01", "infinite-future"})
    EXPECT_FALSE(ParseMoment(text)) << text;
}

}  // namespace
}  // namespace postern::base
