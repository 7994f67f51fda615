#include "common/mail/enhanced_status.h"

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

TEST(EnhancedStatusTest, ConstantsAreOfTheirClass) {
  EXPECT_EQ(transient::kBadConnection.ToString(), "4.4.2");
  EXPECT_FALSE(transient::kDeliveryTimeExpired.permanent());
  EXPECT_EQ(permanent::kRecipientAddressHasNullMx.ToString(), "5.1.10");
  EXPECT_TRUE(permanent::kDeliveryTimeExpired.permanent());
}

}  // namespace
}  // namespace postern::mail
