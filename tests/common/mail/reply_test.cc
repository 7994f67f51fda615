#include "common/mail/reply.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

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
