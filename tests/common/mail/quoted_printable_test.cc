#include "common/mail/quoted_printable.h"

#include <gtest/gtest.h>

#include "common/base/random.h"
#include "tests/support/transfer_decoding.h"

namespace postern::mail {
namespace {

std::string Text(std::string_view text) {
  return ToQuotedPrintable(text, LineEnds::kKept);
}

TEST(QuotedPrintableTest, EachByteHasItsForm) {
  struct Row {
    std::string_view text;
    std::string_view encoded;
  };

  const Row rows[] = {
      {"", ""},
      {"plain text\r\n", "plain text\r\n"},
      {"caf\xc3\xa9", "caf=C3=A9"},
      {"1 = 1\r\n", "1 =3D 1\r\n"},
      {"trailing \r\n", "trailing=20\r\n"},
      {"trailing\t\r\nnext", "trailing=09\r\nnext"},
      {"two  \r\n", "two =20\r\n"},
      {"at the end ", "at the end=20"},
      {" in front\t too\r\n", " in front\t too\r\n"},
      {"\r\n\r\n", "\r\n\r\n"},
      {".dot\r\nFrom me\r\n", ".dot\r\nFrom me\r\n"},
      {"a\rb\nc\n\r", "a=0Db=0Ac=0A=0D"},
      {std::string_view("\0\x01\x7f", 3), "=00=01=7F"},
      {"a--\r\n- -\r\n", "a--\r\n- -\r\n"},
      {"-- \r\n--b\r\n-", "=2D-=20\r\n=2D-b\r\n-"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Text(row.text), row.encoded);
    EXPECT_EQ(testing::DecodeQuotedPrintable(Text(row.text)), row.text);
  }
}

TEST(QuotedPrintableTest, BinaryHasNoLineEnds) {
  EXPECT_EQ(ToQuotedPrintable("a\r\nb \r\n", LineEnds::kEncoded), "a=0D=0Ab =0D=0A");
  EXPECT_EQ(ToQuotedPrintable("a ", LineEnds::kEncoded), "a=20");
}

TEST(QuotedPrintableTest, LinesAreAtMost76BytesLong) {
  const std::string full(76, 'x');
  EXPECT_EQ(Text(full), full);
  EXPECT_EQ(Text(full + "\r\n"), full + "\r\n");
  EXPECT_EQ(Text(full + "y"), std::string(75, 'x') + "=\r\nxy");
  EXPECT_EQ(Text(std::string(73, 'x') + "\xe9"), std::string(73, 'x') + "=E9");
  EXPECT_EQ(Text(std::string(73, 'x') + "\xe9y"), std::string(73, 'x') + "=\r\n=E9y");
  EXPECT_EQ(Text(std::string(75, 'x') + " \r\n"), std::string(75, 'x') + "=\r\n=20\r\n");
}

TEST(QuotedPrintableTest, ABreakMakesNoDelimiterLine) {
  EXPECT_EQ(Text(std::string(75, 'x') + "--b\r\n"), std::string(75, 'x') + "=\r\n=2D-b\r\n");
}

TEST(QuotedPrintableTest, AnythingComesBack) {
  static constexpr std::string_view kBytes("\r\n\r\n \t--=.ax\xc3\xa9\0", 16);
  base::SeededRandom random(7);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (std::uint64_t left = random.Below(300); left > 0; --left)
      text.push_back(kBytes[random.Below(kBytes.size())]);
    EXPECT_EQ(testing::DecodeQuotedPrintable(Text(text)), text);
    const std::string binary = ToQuotedPrintable(text, LineEnds::kEncoded);
    EXPECT_EQ(testing::DecodeQuotedPrintable(binary), text);
    EXPECT_LE(binary.size(), text.size() * 32 / 10 + 3);
    EXPECT_EQ(binary.find("\r\n--"), std::string::npos);
  }
}

}  // namespace
}  // namespace postern::mail
