#include "common/observe/log_time.h"

#include "gtest/gtest.h"

namespace postern::observe {
namespace {

const absl::Time kTime = absl::FromUnixMillis(1'769'903'999'007);

TEST(LogTime, TimesComeBackAsTheyWereWritten) {
  EXPECT_EQ(LogTime(kTime), "2026-01-31T23:59:59.007Z");
  EXPECT_EQ(ParseLogTime(LogTime(kTime)), kTime);
  EXPECT_FALSE(ParseLogTime("yesterday"));
}

TEST(LogTime, EachSecondHasItsOwnText) {
  EXPECT_EQ(LogTime(kTime + absl::Milliseconds(993)), "2026-02-01T00:00:00.000Z");
  EXPECT_EQ(LogTime(kTime), "2026-01-31T23:59:59.007Z");
  EXPECT_EQ(LogTime(absl::UnixEpoch() - absl::Milliseconds(1)), "1969-12-31T23:59:59.999Z");
}

TEST(LogTime, ItIsPutBehindWhatIsThere) {
  std::string line = "{\"time\":\"";
  AppendLogTime(line, kTime);
  EXPECT_EQ(line, "{\"time\":\"2026-01-31T23:59:59.007Z");
}

}  // namespace
}  // namespace postern::observe
