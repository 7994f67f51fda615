#include "common/smtp/reply_parser.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ReplyParserTest, OneLineIsAReply) {
  const auto reply = ParseReply("250 2.1.0 fine\r\n");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->code, 250);
  EXPECT_THAT(reply->lines, ElementsAre("2.1.0 fine"));
}

TEST(ReplyParserTest, LinesOfOneCodeAreOneReply) {
  const auto reply = ParseReply("550-first\r\n550-\r\n550 last\r\n");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_THAT(reply->lines, ElementsAre("first", "", "last"));
}

TEST(ReplyParserTest, ACodeAloneIsTolerated) {
  const auto reply = ParseReply("250\r\n");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_THAT(reply->lines, ElementsAre(""));
}

TEST(ReplyParserTest, ARefusalIsOneHoweverItIsWritten) {
  const auto codes = ParseReply("550-5.7.1 a\r\n554 5.7.1 b\r\n");
  ASSERT_TRUE(codes.ok()) << codes.status();
  EXPECT_EQ(codes->code, 554);
  const auto lines = ParseReply("550 5.1.1 a\nb\rc\r\n");
  ASSERT_TRUE(lines.ok()) << lines.status();
  EXPECT_THAT(lines->lines, ElementsAre("5.1.1 a b c"));
  for (const std::string_view wrong :
       {"450-a\r\n550 b\r\n", "250-a\r\n550 b\r\n", "550-a\r\n250 b\r\n",
        "550-5.7.1 blocked\n550 5.7.1 see there\r\n"}) {
    EXPECT_FALSE(ParseReply(wrong).ok()) << wrong;
  }
}

TEST(ReplyParserTest, TextIsKeptByteForByte) {
  const auto reply = ParseReply("550  \xe9t\xe9 \x1b[2J\t\r\n");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->lines[0], " \xe9t\xe9 \x1b[2J\t");
}

TEST(ReplyParserTest, WhatIsNotAReplyBreaksTheSession) {
  for (const std::string_view wrong :
       {"hello\r\n", "25 ok\r\n", "2500 ok\r\n", "150 ok\r\n", "600 ok\r\n", "199 x\r\n",
        "250:ok\r\n", "\r\n", "250-a\r\n251 b\r\n", "250-a\r\n", "250 a", "250 a\nb\r\n",
        "250 a\rb\r\n", "+25 ok\r\n", "250 a\r\n250 b\r\n", "250-a\r\nb\r\n", ""}) {
    const auto reply = ParseReply(wrong);
    EXPECT_EQ(reply.status().code(), absl::StatusCode::kUnavailable) << wrong;
  }
}

TEST(ReplyParserTest, LinesAndLengthAreBounded) {
  Limits limits;
  limits.reply_lines_max = 3;
  limits.reply_line_bytes_max = 10;
  EXPECT_TRUE(ParseReply("250-a\r\n250-b\r\n250 c\r\n", limits).ok());
  EXPECT_THAT(ParseReply("250-a\r\n250-b\r\n250-c\r\n250 d\r\n", limits).status().ToString(),
              HasSubstr("more than 3 lines"));
  EXPECT_TRUE(ParseReply("250 abcdef\r\n", limits).ok());
  EXPECT_FALSE(ParseReply("250 abcdefg\r\n", limits).ok());
}

TEST(ReplyParserTest, OfALongReplyTheBeginningIsKept) {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += "250-" + std::string(1000, 'x') + "\r\n";
  const auto reply = ParseReply(text + "250 end\r\n");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->lines.size(), kReplyBytesMax / 1004);
  EXPECT_FALSE(ParseReply(text + text + "250 end\r\n").ok());
}

}  // namespace
}  // namespace postern::smtp
