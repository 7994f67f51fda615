#include "common/base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::base {
namespace {

using ::testing::ElementsAre;

TEST(CatTest, JoinsTextCharactersBooleansAndIntegers) {
  const std::string owned = "owned";
  const char* pointer = "pointer";
  EXPECT_EQ(
      Cat("port ", 25, ' ', true, false, ' ', owned, ' ', pointer, ' ', std::string_view("v")),
      "port 25 truefalse owned pointer v");
  EXPECT_EQ(Cat(std::int64_t{-5}, ' ', UINT64_MAX), "-5 18446744073709551615");
  EXPECT_EQ(Cat(), "");
}

TEST(StatusTextTest, MessageAndCodeAreKept) {
  const absl::Status status = Error(absl::StatusCode::kNotFound, "no ", 3);
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(MessageOf(status), "no 3");
}

TEST(StatusTextTest, AnnotatePutsThePrefixBeforeAFailureOnly) {
  const absl::Status status = Annotate(absl::UnavailableError("refused"), "connect");
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(MessageOf(status), "connect: refused");
  EXPECT_TRUE(Annotate(absl::OkStatus(), "connect").ok());
}

TEST(AsciiCaseTest, OnlyAsciiLettersChange) {
  EXPECT_EQ(LowerAscii("AZ[@\xc3\x84z"), "az[@\xc3\x84z");
  EXPECT_EQ(UpperAscii("az{`\xc3\xa4Z"), "AZ{`\xc3\xa4Z");
}

TEST(AsciiCaseTest, ComparisonDoesNotSeeCase) {
  EXPECT_TRUE(EqualsIgnoreCase("HeLo", "hElO"));
  EXPECT_FALSE(EqualsIgnoreCase("helo", "hel"));
  EXPECT_FALSE(EqualsIgnoreCase("[", "{"));
  EXPECT_TRUE(StartsWithIgnoreCase("IPv6:::1", "ipv6:"));
  EXPECT_TRUE(StartsWithIgnoreCase("x", ""));
  EXPECT_FALSE(StartsWithIgnoreCase("ip", "ipv6"));
}

TEST(CharacterTest, LettersAndDigitsAreThoseOfAscii) {
  for (const char c : std::string_view("azAZ09"))
    EXPECT_TRUE(IsLetterOrDigit(c)) << c;
  for (const char c : std::string_view("@[`{/: \xe9"))
    EXPECT_FALSE(IsLetterOrDigit(c)) << c;
}

TEST(CharacterTest, HexDigitIsItsWorth) {
  EXPECT_EQ(HexDigit('0'), 0);
  EXPECT_EQ(HexDigit('9'), 9);
  EXPECT_EQ(HexDigit('a'), 10);
  EXPECT_EQ(HexDigit('F'), 15);
  EXPECT_EQ(HexDigit('g'), -1);
  EXPECT_EQ(HexDigit(' '), -1);
}

TEST(CharacterTest, ControlBytesAreSeenUnlessAllowed) {
  EXPECT_TRUE(HasControl("a\tb"));
  EXPECT_TRUE(HasControl("\x7f"));
  EXPECT_TRUE(HasControl("a\rb", "\n\t"));
  EXPECT_FALSE(HasControl("a\tb\n", "\n\t"));
  EXPECT_FALSE(HasControl("caf\xc3\xa9"));
}

TEST(EditDistanceTest, CountsTheLettersThatMustChange) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("port", ""), 4U);
  EXPECT_EQ(EditDistance("prot", "port"), 2U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
}

TEST(TrimTest, TakesSpacesTabsAndLineEndsOffBothEnds) {
  EXPECT_EQ(Trim(" \t\r\na b\n "), "a b");
  EXPECT_EQ(Trim(" \r\n"), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(SplitTest, EmptyPartsAreKept) {
  EXPECT_THAT(Split("a,b", ','), ElementsAre("a", "b"));
  EXPECT_THAT(Split(",a,,", ','), ElementsAre("", "a", "", ""));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
}

TEST(JoinTest, SeparatorStandsBetweenParts) {
  EXPECT_EQ(Join({"a", "b", ""}, ", "), "a, b, ");
  EXPECT_EQ(Join({"a"}, ", "), "a");
  EXPECT_EQ(Join({}, ", "), "");
}

TEST(ParseUnsignedTest, TakesDigitsThatFitAndNothingElse) {
  EXPECT_EQ(ParseUnsigned("0"), 0U);
  EXPECT_EQ(ParseUnsigned("007"), 7U);
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), UINT64_MAX);
  for (const std::string_view text :
       {"", "-1", "+1", " 1", "1 ", "1a", "0x1", "18446744073709551616", "1.0"}) {
    EXPECT_FALSE(ParseUnsigned(text).has_value()) << text;
  }
}

TEST(BytesTest, HexAndBase64AreTheUsualForms) {
  EXPECT_EQ(Hex(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
  EXPECT_EQ(Base64("user"), "dXNlcg==");
  EXPECT_EQ(Base64(""), "");
}

TEST(BytesTest, Base64ComesBackOnlyFromTheCanonicalForm) {
  EXPECT_EQ(FromBase64("dXNlcg=="), "user");
  EXPECT_EQ(FromBase64(""), "");
  EXPECT_EQ(FromBase64("//79"), "\xff\xfe\xfd");
  for (const std::string_view text : {"dXNlcg", "dXNlcg=", " dXNlcg==", "dXNl cg==", "dXNlcg==\n",
                                      "dXNlch==", "=", "__79", "a"}) {
    EXPECT_FALSE(FromBase64(text).has_value()) << text;
  }
}

TEST(PrintableTest, ControlsAndOtherBytesAreEscapedAndTheEndIsCut) {
  EXPECT_EQ(Printable("a b~"), "a b~");
  EXPECT_EQ(Printable("\r\n\x7f\xc3"), "\\x0d\\x0a\\x7f\\xc3");
  EXPECT_EQ(Printable("abcdef", 3), "abc...");
  EXPECT_EQ(Printable("abc", 3), "abc");
}

}  // namespace
}  // namespace postern::base
