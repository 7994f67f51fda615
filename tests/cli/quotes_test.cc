#include "cli/quotes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

struct QuotedRow {
  const char* fact;
  const char* text;
  const char* says;
  std::size_t bytes;
};

TEST(Quotes, AreReadAsPowerShellReadsThem) {
  const QuotedRow rows[] = {
      {"single quotes keep everything", "'$true `n \"x\"' rest", "$true `n \"x\"", 14},
      {"a doubled single quote is one", "'it''s'", "it's", 7},
      {"a doubled double quote is one", "\"a \"\"b\"\"\"", "a \"b\"", 9},
      {"the backtick escapes a quote", "\"a `\"b`\"\"", "a \"b\"", 9},
      {"the backtick knows letters", "\"a`tb``c\"", "a\tb`c", 9},
      {"the backtick takes a whole character", "\"`\u00E9\"", "\u00E9", 5},
      {"constants have their words", "\"$true $False $null.\"", "True False .", 21},
      {"a dollar before a digit is itself", "\"$5 and 100$\"", "$5 and 100$", 13},
      {"an empty string is one", "''", "", 2},
      {"typographic quotes are quotes", "\u201Ca b\u201D", "a b", 9},
      {"quotes of the other kind stay", "\u2018say \"x\"\u2019", "say \"x\"", 13},
  };
  for (const QuotedRow& row : rows) {
    const auto quoted = ReadQuoted(row.text);
    ASSERT_TRUE(quoted.ok()) << row.fact << ": " << quoted.status();
    EXPECT_EQ(quoted->text, row.says) << row.fact;
    EXPECT_EQ(quoted->bytes, row.bytes) << row.fact;
  }
}

TEST(Quotes, WhatCannotBeReadIsNamed) {
  EXPECT_THAT(std::string(ReadQuoted("'abc").status().message()), HasSubstr("is not closed"));
  EXPECT_THAT(std::string(ReadQuoted("\"a`\"").status().message()), HasSubstr("is not closed"));
  EXPECT_THAT(std::string(ReadQuoted("\"to $server\"").status().message()), HasSubstr("$server"));
  EXPECT_THAT(std::string(ReadQuoted("\"$(hostname)\"").status().message()),
              HasSubstr("variables are not known"));
}

TEST(Quotes, DashesOfAWordProcessorAreDashes) {
  EXPECT_EQ(DashAt("-Name"), 1u);
  EXPECT_EQ(DashAt("\u2013Name"), 3u);
  EXPECT_EQ(DashAt("Name"), 0u);
  EXPECT_EQ(QuoteAt("x").kind, Quote::kNone);
}

}  // namespace
}  // namespace postern::cli
