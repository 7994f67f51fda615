#include "common/smtp/command.h"

#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

struct CommandCase {
  std::string_view line;
  Verb verb;
  std::string_view argument;
};

TEST(CommandTest, VerbAndArgumentAreCutApart) {
  const CommandCase cases[] = {
      {"EHLO a.test", Verb::kEhlo, "a.test"},
      {"ehlo  a.test  ", Verb::kEhlo, "a.test"},
      {"HELO", Verb::kHelo, ""},
      {"MAIL FROM:<a@b> SIZE=3", Verb::kMail, "FROM:<a@b> SIZE=3"},
      {"rcpt TO:<\"a b\"@c>", Verb::kRcpt, "TO:<\"a b\"@c>"},
      {"DATA", Verb::kData, ""},
      {"BDAT 12 LAST", Verb::kBdat, "12 LAST"},
      {"StartTLS", Verb::kStartTls, ""},
      {"AUTH\tPLAIN", Verb::kAuth, "PLAIN"},
      {"QUIT", Verb::kQuit, ""},
      {"NOOP x y", Verb::kNoop, "x y"},
      {"RSET", Verb::kRset, ""},
      {"VRFY a", Verb::kVrfy, "a"},
      {"EXPN a", Verb::kExpn, "a"},
      {"HELP", Verb::kHelp, ""},
      {"", Verb::kUnknown, ""},
      {" DATA", Verb::kUnknown, ""},
      {"DATAX", Verb::kUnknown, ""},
      {"GET / HTTP/1.1", Verb::kUnknown, ""},
  };
  for (const CommandCase& row : cases) {
    const Command command = ParseCommand(row.line);
    EXPECT_EQ(command.verb, row.verb) << row.line;
    EXPECT_EQ(command.argument, row.argument) << row.line;
  }
}

TEST(CommandTest, ChunkSizesAreDigitsOnly) {
  Chunk chunk;
  EXPECT_TRUE(ParseChunk("1024", chunk));
  EXPECT_EQ(chunk.bytes, 1024u);
  EXPECT_FALSE(chunk.last);
  EXPECT_TRUE(ParseChunk("0 last", chunk));
  EXPECT_TRUE(chunk.last);
  for (const std::string_view wrong :
       {"", "LAST", "-1", "1x", "1 FIRST", "1 LAST LAST", "99999999999999999999", "0x10", "1,5"}) {
    EXPECT_FALSE(ParseChunk(wrong, chunk)) << wrong;
  }
}

}  // namespace
}  // namespace postern::smtp
