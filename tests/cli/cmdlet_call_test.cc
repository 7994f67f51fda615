#include "cli/cmdlet_call.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<CmdletCall> CallOf(std::string_view cmdlet, const std::vector<std::string>& words) {
  return UnderstoodCall(*FindCmdlet(cmdlet), WordsOf(words));
}

struct IdentityRow {
  const char* cmdlet;
  const char* written;
  const char* identity;
};

TEST(CmdletCall, IdentitiesAreNamesOfTheDirectory) {
  const IdentityRow rows[] = {
      {"Get-SendConnector", "To Contoso", "To Contoso"},
      {"Remove-SendConnector", "EX01\\To Contoso", "To Contoso"},
      {"Get-Site", "Default-First-Site-Name", "default-first-site-name"},
      {"Get-Site", "Ber*", "Ber*"},
      {"Set-AcceptedDomain", "Fabrikam Inc", "fabrikam-inc"},
      {"Get-SendConnector", "$null", ""},
  };
  for (const IdentityRow& row : rows)
    EXPECT_EQ(CallOf(row.cmdlet, {row.written})->identity, row.identity) << row.written;
  EXPECT_THAT(std::string(CallOf("Remove-SendConnector", {"$null"}).status().message()),
              HasSubstr("-Identity: names a resource"));
  EXPECT_THAT(std::string(CallOf("Get-SendConnector", {""}).status().message()),
              HasSubstr("-Identity: names a resource"));
}

TEST(CmdletCall, EnableAndDisableAreOneField) {
  const auto enable = CallOf("Enable-SendConnector", {"x"});
  EXPECT_THAT(enable->change.mask, ElementsAre("spec.enabled"));
  EXPECT_TRUE(enable->change.resource.send_connector().spec().enabled());
  const auto disable = CallOf("Disable-SendConnector", {"x"});
  EXPECT_FALSE(disable->change.resource.send_connector().spec().enabled());
}

TEST(CmdletCall, MistakesOfNamesAndValuesComeTogether) {
  const auto call = CallOf("New-SendConnector", {"-Colour", "red", "-Port", "x"});
  EXPECT_EQ(call.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(call.status().message());
  EXPECT_THAT(message, HasSubstr("-Colour: "));
  EXPECT_THAT(message, HasSubstr("-Name: is required"));
  EXPECT_THAT(message, HasSubstr("-Port: \"x\""));
}

}  // namespace
}  // namespace postern::cli
