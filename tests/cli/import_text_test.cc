#include "cli/import_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

// As PowerShell writes it with ">".
std::string Utf16(std::u16string_view text, bool big_endian, bool mark) {
  std::string out;
  const auto append = [&](char16_t unit) {
    const char low = static_cast<char>(unit & 0xFF);
    const char high = static_cast<char>(unit >> 8);
    out.push_back(big_endian ? high : low);
    out.push_back(big_endian ? low : high);
  };
  if (mark) append(0xFEFF);
  for (const char16_t unit : text)
    append(unit);
  return out;
}

TEST(ImportText, EveryEncodingOfPowerShellIsRead) {
  constexpr char kText[] = "{\"a\":\"\u00E4\u20AC\U0001F4E7\"}";
  constexpr char16_t kWide[] = u"{\"a\":\"\u00E4\u20AC\U0001F4E7\"}";
  EXPECT_EQ(Utf8From(kText).value_or(""), kText);
  EXPECT_EQ(Utf8From(base::Cat("\xEF\xBB\xBF", kText)).value_or(""), kText);
  for (const bool big_endian : {false, true}) {
    EXPECT_EQ(Utf8From(Utf16(kWide, big_endian, true)).value_or(""), kText);
    EXPECT_EQ(Utf8From(Utf16(kWide, big_endian, false)).value_or(""), kText);
  }
  EXPECT_EQ(Utf8From("").value_or("x"), "");
}

TEST(ImportText, WhatIsNoTextIsNamed) {
  const auto rule = [](std::string_view bytes) {
    return std::string(Utf8From(bytes).status().message());
  };
  EXPECT_THAT(rule("{\"a\":\"\xE4\"}"), HasSubstr("Out-File -Encoding UTF8"));
  EXPECT_THAT(rule(std::string("\xFF\xFE\x41", 3)), HasSubstr("in the middle of a character"));
  EXPECT_THAT(rule(Utf16(u"a\xD83D", false, true)), HasSubstr("half a character at byte 2"));
  EXPECT_THAT(rule(Utf16(u"a\xDC00z", false, true)), HasSubstr("half a character"));
  EXPECT_THAT(rule(std::string(kImportBytesMax + 1, 'a')), HasSubstr("bytes"));
}

}  // namespace
}  // namespace postern::cli
