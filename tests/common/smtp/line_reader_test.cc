#include "common/smtp/line_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "tests/support/memory_stream.h"

namespace postern::smtp {
namespace {

// "text", with "!long", "!cr", "!lf" for what was wrong.
std::string Shown(const Line& line) {
  std::string shown(line.text);
  if (line.too_long) shown += "!long";
  if (line.bare_cr) shown += "!cr";
  if (line.bare_lf) shown += "!lf";
  return shown;
}

class LineReaderTest : public ::testing::Test {
 protected:
  LineReaderTest() : executor_("test") { executor_.Start(); }

  ~LineReaderTest() override { executor_.Stop(); }

  // Every line of `input`, which arrives in pieces cut after `cuts`; at last how it ended.
  std::vector<std::string> Lines(std::string_view input,
                                 std::vector<std::size_t> cuts = {},
                                 std::size_t bytes_max = 10) {
    std::vector<std::string> lines;
    io::RunTask(executor_, ReadAll(input, std::move(cuts), bytes_max, lines));
    return lines;
  }

  static io::Task<void> ReadAll(std::string_view input,
                                std::vector<std::size_t> cuts,
                                std::size_t bytes_max,
                                std::vector<std::string>& lines) {
    auto [ours, theirs] = testing::MemoryPipe();
    LineReader reader(*ours, 64);
    cuts.push_back(input.size());
    std::size_t at = 0;
    for (const std::size_t cut : cuts) {
      co_await theirs->Write(input.substr(at, cut - at));
      at = cut;
      while (!reader.buffered().empty() || ours->Disturbed()) {
        if (std::optional<Line> line = reader.TakeLine(bytes_max)) {
          lines.push_back(Shown(*line));
        } else if (ours->Disturbed()) {
          const absl::Status filled = co_await reader.Fill();
          if (!filled.ok()) break;
        } else {
          break;
        }
      }
    }
    theirs->Close();
    const auto end = co_await reader.ReadLine(bytes_max);
    lines.push_back(end.ok() ? Shown(*end) : std::string(end.status().message()));
  }

  io::Executor executor_;
};

constexpr char kClosed[] = "the peer closed the connection";

TEST_F(LineReaderTest, OnlyCrlfEndsALine) {
  EXPECT_THAT(Lines("a\r\nb\nc\r\nd\re\r\n\r\n"),
              ::testing::ElementsAre("a", "b\nc!lf", "d\re!cr", "", kClosed));
}

TEST_F(LineReaderTest, ALineThatIsTooLongIsPassedOver) {
  EXPECT_THAT(Lines("0123456789\r\n0123456789x\r\nok\r\n"),
              ::testing::ElementsAre("0123456789", "0123456789!long", "ok", kClosed));
  const std::string huge = std::string(1000, 'y') + "\r\nok\r\n";
  EXPECT_THAT(Lines(huge), ::testing::ElementsAre(::testing::EndsWith("!long"), "ok", kClosed));
}

TEST_F(LineReaderTest, LinesAreTheSameHoweverTheyArrive) {
  const std::string input = "a\r\n0123456789\r\n" + std::string(70, 'z') + "\r\r\n\r\nb\nc\r\n";
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    const std::vector<std::string> lines = Lines(input, {cut});
    ASSERT_EQ(lines.size(), 6u) << cut;
    EXPECT_EQ(lines[1], "0123456789") << cut;
    EXPECT_THAT(lines[2], ::testing::HasSubstr("!long")) << cut;
    EXPECT_EQ(lines[3], "") << cut;
    EXPECT_EQ(lines[4], "b\nc!lf") << cut;
  }
}

TEST_F(LineReaderTest, AnUnfinishedLineIsNoLine) {
  EXPECT_THAT(Lines("a\r\nQUIT"), ::testing::ElementsAre("a", kClosed));
}

}  // namespace
}  // namespace postern::smtp
