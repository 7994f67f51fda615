#include "cli/literal.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

struct ListRow {
  const char* fact;
  const char* word;
  std::vector<std::string> values;
};

TEST(Literal, AWordOfACommandLineIsAListWhereOneIsExpected) {
  const ListRow rows[] = {
      {"one value", "contoso.com", {"contoso.com"}},
      {"what bash leaves of two quoted values",
       "SMTP:*.contoso.com;5,fabrikam.com",
       {"SMTP:*.contoso.com;5", "fabrikam.com"}},
      {"spaces around the comma", "a.com , b.com", {"a.com", "b.com"}},
      {"quotes inside quotes", "'a.com',\"b.com\"", {"a.com", "b.com"}},
      {"a quoted comma parts nothing", "'X400:c=us,o=x;1',b", {"X400:c=us,o=x;1", "b"}},
      {"a lone wildcard", "*", {"*"}},
  };
  for (const ListRow& row : rows) {
    const auto list = AsList(Literal::Raw(row.word));
    ASSERT_TRUE(list.ok()) << row.fact << ": " << list.status();
    EXPECT_EQ(list->kind, Literal::Kind::kList) << row.fact;
    EXPECT_EQ(list->values, row.values) << row.fact;
  }
}

TEST(Literal, AListThatIsNoneIsNamed) {
  for (const char* word : {"", "a,,b", "a,", "'a' b", "'a"})
    EXPECT_FALSE(AsList(Literal::Raw(word)).ok()) << word;
  // bash made two words of @{Add=a,b}.
  EXPECT_THAT(std::string(AsList(Literal::Raw("@Add=a")).status().message()),
              HasSubstr("in quotes on a command line"));
}

TEST(Literal, OneValueKeepsItsCommas) {
  EXPECT_EQ(AsOne(Literal::Raw("Mail to Contoso, Ltd.")).values.front(), "Mail to Contoso, Ltd.");
  EXPECT_EQ(AsOne(Literal::Raw("$NULL")).kind, Literal::Kind::kNull);
  EXPECT_EQ(AsOne(Literal::Raw("")).values.front(), "");
}

struct EditsRow {
  const char* text;
  std::vector<std::string> add;
  std::vector<std::string> remove;
};

TEST(Literal, EditsAddAndRemove) {
  const EditsRow rows[] = {
      {"@{Add='a','b';Remove='c'}", {"a", "b"}, {"c"}},
      {"@{ remove = \"c\" ; add = \"a\", \"b\" }", {"a", "b"}, {"c"}},
      {"@{Add='SMTP:x.com;5'}", {"SMTP:x.com;5"}, {}},
      {"@{Add=SMTP:x.com;5}", {"SMTP:x.com;5"}, {}},
      {"@{Add=x.com;5,y.com;Remove=z.com;1;}", {"x.com;5", "y.com"}, {"z.com;1"}},
      {"@{Add='a'\n  Remove='b'\n}", {"a"}, {"b"}},
  };
  for (const EditsRow& row : rows) {
    const auto edits = ReadEdits(row.text);
    ASSERT_TRUE(edits.ok()) << row.text << ": " << edits.status();
    EXPECT_EQ(edits->add, row.add) << row.text;
    EXPECT_EQ(edits->remove, row.remove) << row.text;
    EXPECT_EQ(*AsList(Literal::Raw(row.text)), *edits) << row.text;
  }
  for (const char* text : {"@{}", "@{Add}", "@{Set='a'}", "@{Add='a'", "@{Add='a' 'b'}", "@{Add=}"})
    EXPECT_FALSE(ReadEdits(text).ok()) << text;
}

TEST(Literal, IsWrittenAgainForMessages) {
  EXPECT_EQ(Literal::Null().ToString(), "$null");
  EXPECT_EQ(ReadEdits("@{Add='a','b';Remove='c'}")->ToString(), "@{Add=a,b; Remove=c}");
  EXPECT_EQ(AsList(Literal::Raw("a, b"))->ToString(), "a,b");
}

}  // namespace
}  // namespace postern::cli
