#include "common/mail/content.h"

#include <tuple>

#include <gtest/gtest.h>

#include "common/base/random.h"

namespace postern::mail {
namespace {

using Findings = std::tuple<bool, bool, bool, bool, std::size_t, std::uint64_t>;

Findings FindingsOf(const ContentScan& scan) {
  return {scan.bare_cr(),   scan.bare_lf(),      scan.nul(),
          scan.eight_bit(), scan.longest_line(), scan.bytes()};
}

Findings Scan(std::string_view text) {
  ContentScan scan;
  scan.Feed(text);
  scan.Finish();
  return FindingsOf(scan);
}

// The same, one byte after the other and with nothing clever.
Findings ScanPlainly(std::string_view text) {
  bool bare_cr = false, bare_lf = false, nul = false, eight = false;
  std::size_t line = 0, longest = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] == '\r' && !crlf) bare_cr = true;
    if (byte == 0) nul = true;
    if (byte > 127) eight = true;
    if (text[i] == '\n' || crlf) {
      if (!crlf) bare_lf = true;
      if (crlf) ++i;
      line = 0;
    } else {
      longest = std::max(longest, ++line);
    }
  }
  return {bare_cr, bare_lf, nul, eight, longest, text.size()};
}

const std::vector<std::string>& ContentTexts() {
  static const std::vector<std::string> texts = {
      "",
      "\r",
      "\n",
      "\r\n",
      "\r\r\n",
      "\r\n\r",
      "\n\r",
      "A: b\r\n\r\nbody\r\n",
      "A: b\r\n\r\nbo\xc3\xa9y\r\n",
      "A: \xc3\xa9\r\n\r\nbody\r\n",
      "\r\n\xff",
      "A: b\nC: d\r\n\r\nx\r\n",
      "A: b\r\n\r\nlong long long line\rnot ended",
      std::string("A: b\r\n\r\n\0", 9),
      "0123456\r\n01234567\r\n012345678\r\n",
      "A: b\r\n\r\n.\r\n\r.\r\r\n..\n",
      "abcdefg\r",
      "abcdefgh\r\nabcdefg\xff\r\n\r\n",
  };
  return texts;
}

TEST(ContentScanTest, FindsWhatAPlainScanFinds) {
  for (const std::string& text : ContentTexts())
    EXPECT_EQ(Scan(text), ScanPlainly(text)) << text;
}

TEST(ContentScanTest, EverySplitGivesTheSameResult) {
  for (const std::string& text : ContentTexts()) {
    for (std::size_t first = 0; first <= text.size(); ++first) {
      for (std::size_t second = first; second <= text.size(); ++second) {
        ContentScan scan;
        scan.Feed(std::string_view(text).substr(0, first));
        scan.Feed(std::string_view(text).substr(first, second - first));
        scan.Feed(std::string_view(text).substr(second));
        scan.Finish();
        ASSERT_EQ(FindingsOf(scan), ScanPlainly(text)) << text << " " << first << " " << second;
      }
    }
  }
}

TEST(ContentScanTest, RandomContentInRandomCutsIsScannedRight) {
  base::SeededRandom random(7);
  constexpr std::string_view kAlphabet("\r\n\r\nabcdefghijk\0\xe9", 17);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t letters = round % 2 == 0 ? 15 : 17;
    std::string text;
    for (std::uint64_t left = random.Below(80); left > 0; --left) {
      text.push_back(kAlphabet[random.Below(letters)]);
    }
    ContentScan scan;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t cut = 1 + random.Below(rest.size());
      scan.Feed(rest.substr(0, cut));
      rest.remove_prefix(cut);
    }
    scan.Finish();
    ASSERT_EQ(FindingsOf(scan), ScanPlainly(text)) << text;
  }
}

TEST(ContentScanTest, TrailingCrIsJudgedOnlyAtTheEnd) {
  ContentScan scan;
  scan.Feed("abc\r");
  EXPECT_FALSE(scan.bare_cr());
  EXPECT_EQ(scan.longest_line(), 3U);
  scan.Finish();
  EXPECT_TRUE(scan.bare_cr());
}

TEST(ContentScanTest, BareCrIsSeenBeforeTheEnd) {
  ContentScan scan;
  scan.Feed("a\rb");
  EXPECT_TRUE(scan.bare_cr());
  EXPECT_FALSE(scan.bare_lf());
}

TEST(ContentScanTest, OpenLineCountsAsFarAsItGot) {
  ContentScan scan;
  for (int i = 0; i < 10; ++i)
    scan.Feed(std::string(1000, 'x'));
  EXPECT_EQ(scan.longest_line(), 10'000U);
}

}  // namespace
}  // namespace postern::mail
