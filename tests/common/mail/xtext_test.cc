#include "common/mail/xtext.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

TEST(XtextTest, PlusEqualsSpaceAndOtherBytesAreEncoded) {
  EXPECT_EQ(EncodeXtext("a+b=c d\r\n\xff~!"), "a+2Bb+3Dc+20d+0D+0A+FF~!");
  EXPECT_EQ(EncodeXtext(""), "");
}

TEST(XtextTest, EveryByteComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c)
    all.push_back(static_cast<char>(c));
  EXPECT_TRUE(IsXtext(EncodeXtext(all)));
  EXPECT_EQ(DecodeXtext(EncodeXtext(all)), all);
}

TEST(XtextTest, SmallHexDigitsAreTaken) {
  EXPECT_EQ(DecodeXtext("+2b+2B"), "++");
}

TEST(XtextTest, WhatIsNoXtextIsRefused) {
  for (const std::string_view text :
       {"a b", "a=b", "+", "+2", "+2G", "+G2", "a\r", "\xc3\xa9", "x+"}) {
    EXPECT_FALSE(IsXtext(text)) << text;
    EXPECT_FALSE(DecodeXtext(text).has_value()) << text;
  }
  EXPECT_TRUE(IsXtext(""));
}

}  // namespace
}  // namespace postern::mail
