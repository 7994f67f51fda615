#include "common/smtp/wire_check.h"

#include "gtest/gtest.h"

#include "common/smtp/wire.h"

namespace postern::smtp {
namespace {

TEST(WireCheckTest, TextHasNoControls) {
  EXPECT_TRUE(CheckText("f", "some text <>").ok());
  EXPECT_TRUE(CheckText("f", std::string(kWireTextBytesMax, 'x')).ok());
  EXPECT_FALSE(CheckText("f", std::string(kWireTextBytesMax + 1, 'x')).ok());
  for (const char c : {'\r', '\n', '\0', '\x1b', '\x7f'}) {
    EXPECT_FALSE(CheckText("f", std::string(1, c)).ok()) << int{c};
  }
}

TEST(WireCheckTest, AWordIsOneWord) {
  EXPECT_TRUE(CheckWord("f", "mx.example.test", 15).ok());
  EXPECT_FALSE(CheckWord("f", "mx.example.test", 14).ok());
  for (const std::string_view wrong : {"a b", "<a", "a>", "a\t", "a\r\nb"}) {
    EXPECT_FALSE(CheckWord("f", wrong, 100).ok()) << wrong;
  }
}

TEST(WireCheckTest, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(Utf8Only("h\xc3\xb6rt"), "h\xc3\xb6rt");
  EXPECT_EQ(Utf8Only("\xe9t\xc3\xa9\xff\xc3"), "?t\xc3\xa9??");
}

}  // namespace
}  // namespace postern::smtp
