#include "common/smtp/dot_reader.h"

#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

struct DotResult {
  std::string content;
  std::size_t taken = 0;
  bool done = false;
  bool bare_cr = false;
  bool bare_lf = false;
  bool nul = false;

  bool operator==(const DotResult&) const = default;
};

// Feeds `input` cut after each of `cuts`.
DotResult ReadDots(std::string_view input, std::vector<std::size_t> cuts = {}) {
  cuts.push_back(input.size());
  DotReader dots;
  DotResult result;
  std::size_t at = 0;
  for (const std::size_t cut : cuts) {
    const std::size_t taken = dots.Take(input.substr(at, cut - at), &result.content);
    result.taken += taken;
    if (dots.done()) break;
    EXPECT_EQ(taken, cut - at);
    at = cut;
  }
  result.done = dots.done();
  result.bare_cr = dots.bare_cr();
  result.bare_lf = dots.bare_lf();
  result.nul = dots.nul();
  EXPECT_EQ(dots.content_bytes(), result.content.size());
  return result;
}

// Each way to cut `input` in two, and byte by byte, reads the same.
DotResult ReadDotsEveryWay(std::string_view input) {
  const DotResult whole = ReadDots(input);
  std::vector<std::size_t> each;
  for (std::size_t i = 0; i <= input.size(); ++i) {
    EXPECT_EQ(ReadDots(input, {i}), whole) << "cut at " << i;
    each.push_back(i);
  }
  EXPECT_EQ(ReadDots(input, each), whole);
  return whole;
}

TEST(DotReaderTest, OnlyTheTrueEndEndsContent) {
  const DotResult result = ReadDotsEveryWay("a\r\n.b\r\n..c\r\n.\r\nQUIT\r\n");
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.content, "a\r\nb\r\n.c\r\n");
  EXPECT_EQ(result.taken, 15u);
  EXPECT_FALSE(result.bare_cr || result.bare_lf || result.nul);
}

TEST(DotReaderTest, AnEmptyContentEndsAtOnce) {
  const DotResult result = ReadDotsEveryWay(".\r\nx");
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.content, "");
  EXPECT_EQ(result.taken, 3u);
}

TEST(DotReaderTest, SmuggledEndsDoNotEndContent) {
  for (const std::string_view end : {"\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r.\r\n", "\r\n.\r",
                                     "\n\n.\r\n", "\r\n.\r\r\n", "\r\n. \r\n", "\r\n.\0\r\n"}) {
    const std::string input = std::string("a") + std::string(end) + "MAIL FROM:<x>\r\n";
    const DotResult result = ReadDotsEveryWay(input);
    EXPECT_FALSE(result.done) << input;
    const DotResult ended = ReadDotsEveryWay(input + ".\r\n");
    EXPECT_TRUE(ended.done) << input;
    EXPECT_NE(ended.content.find("MAIL FROM"), std::string::npos);
  }
}

TEST(DotReaderTest, BareEndsAndNulAreReported) {
  EXPECT_TRUE(ReadDotsEveryWay("a\nb\r\n.\r\n").bare_lf);
  EXPECT_TRUE(ReadDotsEveryWay("a\rb\r\n.\r\n").bare_cr);
  EXPECT_TRUE(ReadDotsEveryWay("a\r\r\n.\r\n").bare_cr);
  EXPECT_TRUE(ReadDotsEveryWay(".\rb\r\n.\r\n").bare_cr);
  EXPECT_TRUE(ReadDotsEveryWay("\n\r\n.\r\n").bare_lf);
  EXPECT_TRUE(ReadDotsEveryWay(std::string_view("a\0\r\n.\r\n", 7)).nul);
  const DotResult clean = ReadDotsEveryWay("a\r\n.\r\n\n\r");
  EXPECT_FALSE(clean.bare_lf || clean.bare_cr);
}

TEST(DotReaderTest, EveryShortInputReadsTheSameHoweverItIsCut) {
  const char alphabet[] = {'\r', '\n', '.', 'a'};
  int done = 0;
  for (int code = 0; code < 4096; ++code) {
    std::string input;
    for (int i = 0, rest = code; i < 6; ++i, rest /= 4)
      input += alphabet[rest % 4];
    const DotResult result = ReadDotsEveryWay(input);
    const bool expected =
        input.starts_with(".\r\n") || input.find("\r\n.\r\n") != std::string::npos;
    EXPECT_EQ(result.done, expected) << code;
    done += result.done ? 1 : 0;
  }
  EXPECT_GT(done, 64);
}

TEST(DotReaderTest, LongLinesAndEightBitAreSeen) {
  DotReader dots;
  EXPECT_EQ(dots.Take("abc\r\nabcd\xc3\xa9\r\n.\r\n", nullptr), 16u);
  EXPECT_EQ(dots.line_bytes_max(), 6u);
  EXPECT_TRUE(dots.eight_bit());
}

}  // namespace
}  // namespace postern::smtp
