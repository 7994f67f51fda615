#include "common/observe/json_text.h"

#include <gtest/gtest.h>

namespace postern::observe {
namespace {

std::string Json(std::string_view text, std::size_t size_max = SIZE_MAX) {
  std::string out;
  AppendJsonString(out, text, size_max);
  return out;
}

TEST(JsonTextTest, EachByteIsEscapedAsItMust) {
  struct Row {
    const char* fact;
    std::string_view text;
    std::string_view json;
  };

  using namespace std::string_view_literals;
  const Row rows[] = {
      {"plain text stays", "a b", "\"a b\""},
      {"quotes and backslashes", "\"\\", "\"\\\"\\\\\""},
      {"line ends and tabs", "\r\n\t", "\"\\r\\n\\t\""},
      {"control characters", "\0\x1f\x7f"sv, "\"\\u0000\\u001f\\u007f\""},
      {"UTF-8 stays", "ü€😀", "\"ü€😀\""},
      {"a lone continuation", "a\x80z", "\"a\xEF\xBF\xBDz\""},
      {"a character cut short", "\xE2\x82", "\"\xEF\xBF\xBD\""},
      {"an overlong slash", "\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"a surrogate", "\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"above the last character", "\xF4\x90\x80\x80",
       "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"the last character", "\xF4\x8F\xBF\xBF", "\"\xF4\x8F\xBF\xBF\""},
  };
  for (const Row& row : rows)
    EXPECT_EQ(Json(row.text), row.json) << row.fact;
}

TEST(JsonTextTest, ALongTextIsCutAtAWholeCharacter) {
  std::string out;
  EXPECT_FALSE(AppendJsonString(out, "ab€cd", 5));
  EXPECT_EQ(out, "\"ab...\"");
  out.clear();
  EXPECT_TRUE(AppendJsonString(out, "ab€", 6));
  EXPECT_EQ(out, "\"ab€\"");
}

TEST(JsonTextTest, EveryPairOfBytesGivesWholeUtf8) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const char text[] = {static_cast<char>(a), static_cast<char>(b)};
      const std::string once = ValidUtf8(std::string_view(text, 2));
      ASSERT_EQ(ValidUtf8(once), once) << a << " " << b;
    }
  }
}

}  // namespace
}  // namespace postern::observe
