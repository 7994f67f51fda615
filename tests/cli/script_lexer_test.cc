#include "cli/script_lexer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

// Tokens in one line: w word, s string, c constant, p parameter, e edits, k command, x bad.
std::string Signs(std::string_view text) {
  std::string out;
  for (const Token& token : Lex(text).tokens) {
    static constexpr std::string_view kNames[] = {
        "w:", "s:", "c:", "p:", "e:", "k:", ",", "|", ";", "x:"};
    if (!out.empty()) out.push_back(' ');
    out += base::Cat(kNames[static_cast<int>(token.kind)], token.text, token.colon ? ":" : "");
  }
  return out;
}

struct SignsRow {
  const char* fact;
  const char* text;
  const char* signs;
};

TEST(ScriptLexer, SignsAreThoseOfPowerShell) {
  const SignsRow rows[] = {
      {"a line of a procedure", "New-SendConnector -Name \"My Conn\" -AddressSpaces *",
       "w:New-SendConnector p:Name s:My Conn p:AddressSpaces w:* ;"},
      {"a list with spaces", "-a 'x', \"y\" ,z", "p:a s:x , s:y , w:z ;"},
      {"a colon takes the value", "-Confirm:$false -x: $TRUE",
       "p:Confirm: c:$false p:x: c:$true ;"},
      {"two dashes", "--what-if --size=5MB", "p:whatif p:size: w:5MB ;"},
      {"what is no parameter", "-1 - -- -", "w:-1 w:- w:-- w:- ;"},
      {"edits", "-a @{Add='}','b'; Remove=\"c\"} d", "p:a e:@{Add='}','b'; Remove=\"c\"} w:d ;"},
      {"braces of a filter", "a -Filter {Status -eq \"Retry\" -and Subject -eq '}'} -b",
       "w:a p:Filter s:{Status -eq \"Retry\" -and Subject -eq '}'} p:b ;"},
      {"braces of a filter with a colon", "a -fil:{a -eq $null}", "w:a p:fil: s:{a -eq $null} ;"},
      {"a command", "-c (Get-Credential 'a)') d", "p:c k:(Get-Credential 'a)') w:d ;"},
      {"a backtick goes on", "a `\n  b `  \r\n c", "w:a w:b w:c ;"},
      {"a backtick escapes", "a` b `$x", "w:a b w:$x ;"},
      {"comments", "a # b 'c\n<# d\n e #> f#g", "w:a ; w:f#g ;"},
      {"a comma goes on", "a 'b',\n 'c'\nd", "w:a s:b , s:c ; w:d ;"},
      {"a pipe goes on", "a |\n fl", "w:a | w:fl ;"},
      {"semicolons part statements", "a;b", "w:a ; w:b ;"},
      {"quotes inside a word", "a=\"b c\"d", "w:a=b cd ;"},
      {"prompts are dropped", "[PS] C:\\>a\n[PS] C:\\Program Files\\x>b\nPS C:\\> c `\n>> d",
       "w:a ; w:b ; w:c w:d ;"},
      {"a greater sign is not a prompt inside", "a 'b>c'", "w:a s:b>c ;"},
      {"typographic signs", "a \u2013Name \u201Cb c\u201D\u00A0d", "w:a p:Name s:b c w:d ;"},
      {"a byte order mark", "\uFEFFa", "w:a ;"},
      {"nothing", "", ";"},
  };
  for (const SignsRow& row : rows)
    EXPECT_EQ(Signs(row.text), row.signs) << row.fact;
}

TEST(ScriptLexer, WhatIsNotKnownSaysWhy) {
  EXPECT_THAT(Signs("$c = Get-Credential"), HasSubstr("x:variables are not known here"));
  EXPECT_THAT(Signs("a \"to $x\" b"), HasSubstr("x:variables are not known here: write the value"));
  EXPECT_THAT(Signs("a \"to $x\" b"), HasSubstr("w:b"));
  EXPECT_EQ(Signs("a @{Add=\"$x\"}\nb"),
            "w:a x:variables are not known here: write the value "
            "itself in the place of $x ; w:b ;");
  EXPECT_THAT(Signs("a > b"), HasSubstr("x:\">\" is not known here"));
  EXPECT_THAT(Signs("a { b }"), HasSubstr("x:a block \"{\""));
  EXPECT_THAT(Signs("a @'\nb\n'@"), HasSubstr("x:a here-string is not known"));
  EXPECT_THAT(Signs("& a"), HasSubstr("x:\"&\""));
  EXPECT_THAT(Signs("a -Identity {b}"), HasSubstr("x:a block \"{\""));
  EXPECT_EQ(Signs("a -Filter {b -eq 'c'"), "w:a p:Filter x:the bracket { is not closed ;");
  EXPECT_THAT(Signs("a -Filter {b -eq \"$c\"} d"), HasSubstr("x:variables are not known here"));
  EXPECT_THAT(Signs("a (b"), HasSubstr("x:the bracket ( is not closed"));
}

TEST(ScriptLexer, LinesAreCounted) {
  const Lexed lexed = Lex("a `\n b\n\n'c\nd'\ne");
  std::vector<std::pair<std::string, int>> lines;
  for (const Token& token : lexed.tokens) {
    if (token.kind != Token::Kind::kEnd) lines.emplace_back(token.text, token.line);
  }
  EXPECT_EQ(lines,
            (std::vector<std::pair<std::string, int>>{{"a", 1}, {"b", 2}, {"c\nd", 4}, {"e", 6}}));
}

TEST(ScriptLexer, WhatIsOpenWaitsForMore) {
  for (const char* open : {"a `", "a 'b", "a \"b", "a 'b',", "a |", "a @{Add='b'", "a (b", "<# a"})
    EXPECT_TRUE(Lex(open).open) << open;
  for (const char* closed : {"", "a", "a 'b'", "a @{Add='b'}", "a # 'b", "a 'b',\n'c'"})
    EXPECT_FALSE(Lex(closed).open) << closed;
}

}  // namespace
}  // namespace postern::cli
