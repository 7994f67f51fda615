#include "services/mailbox-transport/deliver/settings.h"

#include <gtest/gtest.h>

namespace postern::deliver {
namespace {

TEST(DeliverSettingsTest, ConversionIsOnUnlessItIsTurnedOff) {
  DeliverSettings settings;
  EXPECT_EQ(settings.convert_8bit.key, "deliver.convert_8bit");
  EXPECT_TRUE(settings.SmtpLimits().convert_8bit);
  settings.convert_8bit.value = false;
  EXPECT_FALSE(settings.SmtpLimits().convert_8bit);
}

TEST(DeliverSettingsTest, DirectEgressIsThereUnlessItIsTurnedOff) {
  const DeliverSettings settings;
  EXPECT_EQ(settings.direct_egress.key, "deliver.direct_egress");
  EXPECT_TRUE(*settings.direct_egress);
}

}  // namespace
}  // namespace postern::deliver
