#include "common/mail/utf8.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

TEST(Utf8Test, OnlyShortestFormsOfRealCharactersAreValid) {
  for (const std::string_view text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const std::string_view text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xc3"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(Utf8Test, AsciiIsJudgedToTheLastByte) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string text(40, 'a');
    EXPECT_TRUE(IsAscii(text));
    text[at] = '\x80';
    EXPECT_FALSE(IsAscii(text)) << at;
  }
}

TEST(Utf8Test, CleanTextIsValidAndCutBetweenCharacters) {
  EXPECT_EQ(CleanText("a\r\n\x01\x7f", 100), "a    ");
  EXPECT_EQ(CleanText("\xff\xc3\xa9\xc3", 100), "?\xc3\xa9?");
  EXPECT_EQ(CleanText("\xc2\x85x", 100), " x");
  EXPECT_EQ(CleanText("a\xe2\x82\xac", 3), "a");
  EXPECT_EQ(CleanText("a\xe2\x82\xac", 4), "a\xe2\x82\xac");
  EXPECT_EQ(CleanText("abc", 0), "");
}

}  // namespace
}  // namespace postern::mail
