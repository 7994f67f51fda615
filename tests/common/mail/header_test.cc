#include "common/mail/header.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

constexpr std::string_view kLetter =
    "Received: from a\r\n\tby b\r\n"
    "received: from c\r\n"
    "Subject : one\r\n two\r\n"
    "no field at all\r\n"
    "To:\r\n"
    "\r\n"
    "Subject: not a header\r\n";

std::string NamesOf(std::string_view message) {
  std::string out;
  for (const HeaderField& field : HeaderBlock(message)) {
    out.append(field.name).append("|");
  }
  return out;
}

TEST(HeaderBytesTest, EndsAfterTheFirstEmptyLine) {
  EXPECT_EQ(HeaderBytes("A: b\r\n\r\nbody"), 8U);
  EXPECT_EQ(HeaderBytes("\r\nbody"), 2U);
  EXPECT_EQ(HeaderBytes("\r\n\r\nbody"), 2U);
  EXPECT_EQ(HeaderBytes("A: b\r\nC: d\r\n"), 12U);
  EXPECT_EQ(HeaderBytes("A: b\n\nbody"), 10U);
  EXPECT_EQ(HeaderBytes(""), 0U);
}

TEST(HeaderBlockTest, FieldsAreSeenInOrderAndTheBodyIsNot) {
  EXPECT_EQ(NamesOf(kLetter), "Received|received|Subject|To|");
}

TEST(HeaderBlockTest, FieldKnowsItsPartsAndItsBytes) {
  const auto subject = HeaderBlock(kLetter).Find("SUBJECT");
  ASSERT_TRUE(subject.has_value());
  EXPECT_EQ(subject->name, "Subject");
  EXPECT_EQ(subject->body, " one\r\n two");
  EXPECT_EQ(subject->raw, "Subject : one\r\n two\r\n");
}

TEST(HeaderBlockTest, NamesAreCountedInAnyCase) {
  const HeaderBlock block(kLetter);
  EXPECT_EQ(block.Count("Received"), 2U);
  EXPECT_EQ(block.Count("To"), 1U);
  EXPECT_EQ(block.Count("Cc"), 0U);
  EXPECT_FALSE(block.Find("Cc").has_value());
}

TEST(HeaderBlockTest, OddMessagesHaveTheFieldsTheyHave) {
  EXPECT_EQ(NamesOf(""), "");
  EXPECT_EQ(NamesOf("\r\nA: b\r\n"), "");
  EXPECT_EQ(NamesOf("A: b"), "A|");
  EXPECT_EQ(NamesOf("A: b\r"), "A|");
  EXPECT_EQ(NamesOf(": b\r\nC: d\r\n"), "C|");
  EXPECT_EQ(NamesOf(" fold first\r\nC: d\r\n"), "C|");
  EXPECT_EQ(NamesOf("A b: c\r\nD: e\r\n"), "D|");
  EXPECT_EQ(NamesOf("A: b\nC: d\r\n"), "A|");
  EXPECT_EQ(NamesOf("A: b\r\n \r\nC: d\r\n"), "A|C|");
  EXPECT_EQ(NamesOf("\xc3\xa9: b\r\nC: d\r\n"), "C|");
}

TEST(HeaderBlockTest, FieldOfManyFoldsIsOneField) {
  std::string message = "A: b\r\n";
  for (int i = 0; i < 1000; ++i)
    message += "\tmore\r\n";
  EXPECT_EQ(HeaderBlock(message).begin()->raw.size(), message.size());
}

TEST(UnfoldTest, FoldsAreGoneAndTheEndsTrimmed) {
  EXPECT_EQ(Unfold(" one\r\n two\r\n\tthree "), "one two\tthree");
  EXPECT_EQ(Unfold(""), "");
  EXPECT_EQ(Unfold(" \r\n "), "");
}

struct WordCase {
  std::string_view encoded;
  std::string_view text;
};

constexpr WordCase kWordCases[] = {
    {" plain", "plain"},
    {"=?utf-8?Q?caf=C3=A9?=", "caf\xc3\xa9"},
    {"=?UTF-8?b?Y2Fmw6k=?=", "caf\xc3\xa9"},
    {"=?iso-8859-1?q?caf=E9_au_lait?=", "caf\xc3\xa9 au lait"},
    {"=?us-ascii?Q?plain?=", "plain"},
    {"=?utf-8*en?Q?hello?=", "hello"},
    {"a =?utf-8?Q?b?= c", "a b c"},
    {"=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"},
    {"=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"},
    {"=?utf-8?B?w6k=?= =?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "\xc3\xa9\xc3\xa9"},
    {"=?koi8-r?B?8NLJ18XU?=", "=?koi8-r?B?8NLJ18XU?="},
    {"=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
    {"=?utf-8?B?!!!?=", "=?utf-8?B?!!!?="},
    {"=?utf-8?Q?=4?=", "=?utf-8?Q?=4?="},
    {"=?utf-8?Q?=GG?=", "=?utf-8?Q?=GG?="},
    {"=?utf-8?Q?open", "=?utf-8?Q?open"},
    {"=?utf-8?Q?a b?=", "=?utf-8?Q?a b?="},
    {"=?", "=?"},
    {"=?=?utf-8?Q?x?=", "=?x"},
    {"=?utf-8?Q?"
     "?=",
     ""},
    {"=?utf-8?Q?a=0D=0AX:_b?=", "a  X: b"},
    {"raw \xff byte", "raw ? byte"},
    {"raw \xc3\xa9", "raw \xc3\xa9"},
};

TEST(DecodeWordsTest, WordsOfKnownCharsetsAreDecodedAndOthersKept) {
  for (const WordCase& row : kWordCases) {
    EXPECT_EQ(DecodeWords(row.encoded), row.text) << row.encoded;
  }
}

TEST(DecodeWordsTest, ResultIsCutBetweenCharacters) {
  std::string long_text;
  for (int i = 0; i < 200; ++i)
    long_text += "\xe2\x82\xac";
  EXPECT_EQ(DecodeWords(long_text).size(), 255U);
  EXPECT_EQ(DecodeWords(std::string(100'000, 'x')).size(), 256U);
  EXPECT_EQ(DecodeWords("abc", 2), "ab");
}

}  // namespace
}  // namespace postern::mail
