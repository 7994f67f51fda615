#include "services/mailbox-transport/queue/settings.h"

#include "gmock/gmock.h"

namespace postern::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(QueueSettingsTest, TheDefaultsGoTogether) {
  QueueSettings settings;
  EXPECT_TRUE(CheckSettings(settings).ok());
  EXPECT_THAT(WarningsOf(settings), IsEmpty());
  settings.priority_queuing_enabled.value = true;
  EXPECT_TRUE(CheckSettings(settings).ok());
  EXPECT_THAT(WarningsOf(settings), ElementsAre(HasSubstr("of High messages: 30m")));
}

TEST(QueueSettingsTest, PrioritiesShareTheConnectionsOfADomain) {
  QueueSettings settings;
  settings.priority_queuing_enabled.value = true;
  settings.max_per_domain_outbound_connections.value = 19;
  EXPECT_THAT(CheckSettings(settings).message(), HasSubstr("20 together: at most"));
  settings.priority_queuing_enabled.value = false;
  EXPECT_TRUE(CheckSettings(settings).ok());
}

TEST(QueueSettingsTest, ARateLimitThatMeansNothingIsRefused) {
  QueueSettings settings;
  settings.rate_limits.value = {"b.test=many/min"};
  EXPECT_FALSE(CheckSettings(settings).ok());
}

TEST(QueueSettingsTest, ADelayThatIsToldBeforeTheSecondStageEndsIsWarnedOf) {
  QueueSettings settings;
  settings.delay_notification_timeout.value = absl::Minutes(30);
  EXPECT_THAT(WarningsOf(settings), ElementsAre(HasSubstr("it should exceed")));
  settings.delay_notification_timeout.value = absl::Minutes(31);
  EXPECT_THAT(WarningsOf(settings), IsEmpty());
}

TEST(QueueSettingsTest, MoreConnectionsToADomainThanInAllAreRefused) {
  QueueSettings settings;
  settings.max_outbound_connections.value = 10;
  EXPECT_THAT(std::string(CheckSettings(settings).message()),
              HasSubstr("queue.max_per_domain_outbound_connections: 20: at most "
                        "queue.max_outbound_connections, 10"));
  settings.max_per_domain_outbound_connections.value = 10;
  EXPECT_TRUE(CheckSettings(settings).ok());
}

TEST(QueueSettingsTest, TimesAreThoseOfThePriorityWhereItIsOn) {
  QueueSettings settings;
  EXPECT_EQ(ExpirationOf(settings, model::Priority::kHigh), absl::Hours(48));
  EXPECT_EQ(DelayOf(settings, model::Priority::kLow), absl::Hours(4));
  settings.priority_queuing_enabled.value = true;
  EXPECT_EQ(ExpirationOf(settings, model::Priority::kHigh), absl::Hours(8));
  EXPECT_EQ(ExpirationOf(settings, model::Priority::kNormal), absl::Hours(48));
  EXPECT_EQ(DelayOf(settings, model::Priority::kHigh), absl::Minutes(30));
  EXPECT_EQ(DelayOf(settings, model::Priority::kNormal), absl::Hours(4));
  EXPECT_EQ(DelayOf(settings, model::Priority::kLow), absl::Hours(8));
}

}  // namespace
}  // namespace postern::queue
