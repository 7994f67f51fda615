#include "common/settings/yaml_text.h"

#include "gtest/gtest.h"

namespace postern::settings {
namespace {

struct Row {
  const char* name;
  const char* text;
  int line;
};

TEST(YamlTextTest, TheLineOfTheQuoteThatNothingCloses) {
  const Row rows[] = {
      {"nothing", "", 0},
      {"closed", "a: \"b\"\nc: 'd'\n", 0},
      {"double", "a: 1\nb: \"c\nd: 2\n", 2},
      {"single", "a: 1\nb: 'c\nd: 2\n", 2},
      {"an apostrophe behind it", "a: \"b\nc: it's\n", 1},
      {"a double quote behind it", "a: 'b\nc: say \"x\"\n", 1},
      {"escaped quotes behind it", "a: \"b \\\" c\nd: \\\"\n", 1},
      {"doubled quotes behind it", "a: ''\nb: 'c''d\ne: ''\n", 2},
      {"a quote in plain text before it", "a: x\"y\nb: 'c\n", 2},
      {"a value of two lines before it", "a: 'b\n  c'\nd: \"e\n", 3},
      {"at the end of the text", "a: \"", 1},
      {"wrong for another reason", "a: b: c\n", 0},
      {"another document within it", "a: \"b\n---\nc\"\n", 0},
  };
  for (const Row& row : rows)
    EXPECT_EQ(LineOfOpenQuote(row.text), row.line) << row.name;
}

TEST(YamlTextTest, TheDocumentEndsOnALineOfItsOwn) {
  EXPECT_EQ(WithDocumentEnd(""), "...\n");
  EXPECT_EQ(WithDocumentEnd("a: 1"), "a: 1\n...\n");
  EXPECT_EQ(WithDocumentEnd("a: 1\n"), "a: 1\n...\n");
}

}  // namespace
}  // namespace postern::settings
