#include "common/mail/reply.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

TEST(EnhancedStatusTest, IsReadAtTheStartOfTheText) {
  EXPECT_EQ(EnhancedStatus::Parse("5.1.1 no such user"), (EnhancedStatus{5, 1, 1}));
  EXPECT_EQ(EnhancedStatus::Parse("2.0.0"), (EnhancedStatus{2, 0, 0}));
  EXPECT_EQ(EnhancedStatus::Parse("4.7.123 x")->ToString(), "4.7.123");
}

TEST(EnhancedStatusTest, OtherTextsHaveNone) {
  for (const std::string_view text :
       {"", "5", "5.", "5.1", "5.1.", "5.1.1x", "5.1.1.1", "5.1234.1", "5.1.1234", "3.1.1", "1.0.0",
        "5..1", " 5.1.1", "55.1.1", "5.a.1", "5.1.1\tx"}) {
    EXPECT_FALSE(EnhancedStatus::Parse(text).has_value()) << text;
  }
}

TEST(EnhancedStatusTest, ClassFiveIsPermanent) {
  EXPECT_TRUE(EnhancedStatus::Parse("5.1.1")->permanent());
  EXPECT_FALSE(EnhancedStatus::Parse("4.1.1")->permanent());
}

TEST(ReplyTest, EnhancedStatusMustAgreeWithTheCode) {
  EXPECT_EQ((Reply{550, {"5.1.1 no", "5.1.2 other"}}).enhanced(), (EnhancedStatus{5, 1, 1}));
  EXPECT_FALSE((Reply{450, {"5.1.1 no"}}).enhanced().has_value());
  EXPECT_FALSE((Reply{354, {"5.1.1 no"}}).enhanced().has_value());
  EXPECT_FALSE((Reply{550, {}}).enhanced().has_value());
}

TEST(ReplyTest, LinesAreJoinedByASpace) {
  EXPECT_EQ((Reply{250, {"one", "", "two"}}).ToString(), "250 one two");
  EXPECT_EQ((Reply{250, {}}).ToString(), "250");
}

TEST(ReplyTest, ClassesFollowTheFirstDigit) {
  EXPECT_TRUE((Reply{250, {}}).positive() && (Reply{354, {}}).positive());
  EXPECT_TRUE((Reply{451, {}}).transient() && !(Reply{451, {}}).permanent());
  EXPECT_TRUE((Reply{550, {}}).permanent() && !(Reply{550, {}}).positive());
}

}  // namespace
}  // namespace postern::mail
