#include "common/observe/csv_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/observe/csv_log.h"

namespace postern::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CsvLine, ValuesComeBackAsTheyWereWritten) {
  const std::vector<std::string> values = {"plain", "", "a, b", "say \"yes\"", "\"", ",", "last"};
  std::string line;
  for (const std::string& value : values) {
    if (&value != &values.front()) line.push_back(',');
    AppendCsv(line, value);
  }
  EXPECT_EQ(SplitCsv(line), values);
}

TEST(CsvLine, ADamagedLineGivesWhatItHolds) {
  EXPECT_THAT(SplitCsv(""), ElementsAre(""));
  EXPECT_THAT(SplitCsv("a,"), ElementsAre("a", ""));
  EXPECT_THAT(SplitCsv("a,\"b,c"), ElementsAre("a", "b,c"));
  EXPECT_THAT(SplitCsv("\"a\"b,c"), ElementsAre("ab", "c"));
}

TEST(CsvLine, AQuotedMailboxIsOnePart) {
  EXPECT_THAT(SplitList(""), IsEmpty());
  EXPECT_THAT(SplitList("a@b.test"), ElementsAre("a@b.test"));
  EXPECT_THAT(SplitList("a@b.test;\"x;\\\";y\"@b.test;c@d.test"),
              ElementsAre("a@b.test", "\"x;\\\";y\"@b.test", "c@d.test"));
}

}  // namespace
}  // namespace postern::observe
