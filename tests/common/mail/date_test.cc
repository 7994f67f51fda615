#include "common/mail/date.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

TEST(FormatDateTest, IsTheFormOfRfc5322InUtc) {
  EXPECT_EQ(FormatDate(absl::UnixEpoch()), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(FormatDate(absl::FromUnixSeconds(1'709'209'845)), "Thu, 29 Feb 2024 12:30:45 +0000");
  EXPECT_EQ(FormatDate(absl::FromUnixSeconds(1'798'761'599)), "Thu, 31 Dec 2026 23:59:59 +0000");
  EXPECT_EQ(FormatDate(absl::FromUnixMillis(1'798'761'599'999)), "Thu, 31 Dec 2026 23:59:59 +0000");
  EXPECT_EQ(FormatDate(absl::FromUnixSeconds(-1)), "Wed, 31 Dec 1969 23:59:59 +0000");
}

}  // namespace
}  // namespace postern::mail
