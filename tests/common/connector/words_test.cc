#include "common/connector/words.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::connector {
namespace {

using ::testing::ElementsAre;

TEST(WordsTest, EveryWordOfEachListIsKnownInAnyCase) {
  const auto check = [](std::string_view list, const auto& parse) {
    for (std::string_view word : base::Split(list, ',')) {
      for (const std::string_view part : base::Split(base::Trim(word), ' ')) {
        if (part == "or") continue;
        const auto parsed = parse(base::LowerAscii(part));
        ASSERT_TRUE(parsed.has_value()) << part;
        EXPECT_EQ(NameOf(*parsed), part);
      }
    }
  };
  check(kUsageWords, ParseUsage);
  check(kConnectorTypeWords, ParseConnectorType);
  check(kProtocolLoggingWords, ParseProtocolLogging);
  check(kTlsAuthLevelWords, ParseTlsAuthLevel);
  check(kSmartHostAuthWords, ParseSmartHostAuth);
  EXPECT_EQ(ParseUsage("External"), std::nullopt);
  EXPECT_EQ(ParseUsage(""), std::nullopt);
}

TEST(WordsTest, ErrorPoliciesAddUp) {
  ErrorPolicies policies;
  EXPECT_TRUE(policies.Add("default"));
  EXPECT_THAT(policies.ToWords(), ElementsAre("Default"));
  EXPECT_TRUE(policies.Add("upgradecustomfailures"));
  EXPECT_TRUE(policies.Add("DowngradeDnsFailures"));
  EXPECT_FALSE(policies.Add("Upgrade"));
  EXPECT_THAT(policies.ToWords(), ElementsAre("DowngradeDnsFailures", "UpgradeCustomFailures"));
}

}  // namespace
}  // namespace postern::connector
