#include "common/observe/log.h"

#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"

namespace postern::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixMillis(1'795'446'000'123);

std::string Line(std::initializer_list<Field> fields, std::string_view msg = "m") {
  return LogLine(kNow, Level::kInfo, "deliver", msg, fields);
}

class LogFileTest : public ::testing::Test {
 protected:
  ~LogFileTest() override {
    CloseLog();
    std::remove(path_.c_str());
  }

  std::vector<std::string> Lines() {
    CloseLog();
    std::ifstream in(path_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
      lines.push_back(line);
    return lines;
  }

  std::string path_ = base::Cat(::testing::TempDir(), "postern_log_test_", ::getpid());
};

TEST(LogLineTest, FieldsStandInOrder) {
  EXPECT_EQ(Line({{"message_id", "7"}, {"bytes", 12}, {"tls", true}}),
            "{\"ts\":\"2026-11-23T15:00:00.123Z\",\"level\":\"info\",\"step\":\"deliver\","
            "\"msg\":\"m\",\"message_id\":\"7\",\"bytes\":12,\"tls\":true}");
}

TEST(LogLineTest, AStatusIsItsCodeAndItsMessage) {
  EXPECT_THAT(Line({{"error", absl::UnavailableError("open a:25: refused")}}),
              HasSubstr("\"error\":\"UNAVAILABLE: open a:25: refused\""));
  EXPECT_THAT(Line({{"error", absl::OkStatus()}}), HasSubstr("\"error\":\"ok\""));
}

TEST(LogLineTest, NumbersThatJsonDoesNotKnowAreText) {
  EXPECT_THAT(Line({{"load", 0.5}}), HasSubstr("\"load\":0.5"));
  EXPECT_THAT(Line({{"load", std::numeric_limits<double>::quiet_NaN()}}),
              HasSubstr("\"load\":\"nan\""));
  EXPECT_THAT(Line({{"n", INT64_MIN}}), HasSubstr("\"n\":-9223372036854775808"));
}

TEST(LogLineTest, NoValueCanEndTheLine) {
  EXPECT_THAT(Line({{"reply", "250 ok\r\n{\"level\":\"error\"}"}}), Not(HasSubstr("\n")));
}

TEST(LogLineTest, ALongLineIsCutAndStillWhole) {
  const std::string big(20'000, 'x');
  const std::string line = Line({{"a", big}, {"b", "lost"}});
  EXPECT_LE(line.size(), 8192u);
  EXPECT_THAT(line, EndsWith("xxx...\",\"cut\":true}"));
  EXPECT_LE(Line({{"a", big}}, std::string(9'000, '\0')).size(), 8192u);
}

TEST(LogLineTest, ManySmallFieldsAreCutToo) {
  const std::string half(4000, 'y');
  const std::string line = Line({{"a", half}, {"b", half}, {"c", half}, {"d", 5}});
  EXPECT_LE(line.size(), 8192u);
  EXPECT_THAT(line, EndsWith(",\"cut\":true}"));
  EXPECT_THAT(line, Not(HasSubstr("\"d\"")));
}

TEST(ParseLevelTest, FourNamesAreKnown) {
  Level level = Level::kInfo;
  EXPECT_TRUE(ParseLevel("warning", &level));
  EXPECT_EQ(level, Level::kWarning);
  EXPECT_FALSE(ParseLevel("Warning", &level));
  EXPECT_FALSE(ParseLevel("", &level));
  EXPECT_EQ(level, Level::kWarning);
}

TEST_F(LogFileTest, LinesBelowTheLevelAreNotWrittenNorEvaluated) {
  ASSERT_TRUE(OpenLog(Level::kWarning, path_).ok());
  int evaluated = 0;
  const auto value = [&evaluated] { return ++evaluated; };
  POSTERN_LOG(kInfo, "s", "quiet", {{"n", value()}});
  POSTERN_LOG(kWarning, "s", "loud", {{"n", value()}});
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("\"msg\":\"loud\",\"n\":1")));
  EXPECT_EQ(evaluated, 1);
  ASSERT_TRUE(OpenLog(Level::kInfo, path_).ok());
}

TEST_F(LogFileTest, OpeningAgainAddsToTheFile) {
  ASSERT_TRUE(OpenLog(Level::kInfo, path_).ok());
  POSTERN_LOG(kInfo, "s", "one");
  ASSERT_TRUE(OpenLog(Level::kInfo, path_).ok());
  POSTERN_LOG(kInfo, "s", "two");
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("one"), HasSubstr("two")));
}

TEST_F(LogFileTest, EveryLineIsWrittenOrCounted) {
  const std::uint64_t dropped = LinesDropped();
  ASSERT_TRUE(OpenLog(Level::kInfo, path_).ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 10'000; ++i)
        POSTERN_LOG(kInfo, "s", "x", {{"i", i}});
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(Lines().size() + LinesDropped() - dropped, 30'000u);
}

TEST_F(LogFileTest, AFileThatCannotBeOpenedSaysWhy) {
  const absl::Status status = OpenLog(Level::kInfo, "/nowhere/log");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(base::MessageOf(status), "open log /nowhere/log: no such file or directory");
}

}  // namespace
}  // namespace postern::observe
