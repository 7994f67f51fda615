#include "services/frontend-transport/egress/settings.h"

#include <gtest/gtest.h>

namespace postern::egress {
namespace {

TEST(EgressSettingsTest, ConversionIsOnUnlessItIsTurnedOff) {
  EgressSettings settings;
  EXPECT_EQ(settings.convert_8bit.key, "egress.convert_8bit");
  EXPECT_TRUE(settings.SmtpLimits().convert_8bit);
  settings.convert_8bit.value = false;
  EXPECT_FALSE(settings.SmtpLimits().convert_8bit);
}

}  // namespace
}  // namespace postern::egress
