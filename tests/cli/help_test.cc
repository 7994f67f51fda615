#include "cli/help.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string HelpOf(std::string_view cmdlet) {
  return HelpFor(*FindCmdlet(cmdlet));
}

TEST(Help, VerbsStandInGroups) {
  const std::string help = HelpForAll();
  EXPECT_LT(help.find("Send connectors:"), help.find("  New-SendConnector "));
  EXPECT_LT(help.find("  New-SendConnector "), help.find("Sites and servers:"));
  EXPECT_THAT(help, HasSubstr("  Get-Queue               Shows queues of the server\n"));
  EXPECT_THAT(help, HasSubstr("  --output                table, json or yaml (table)\n"));
  EXPECT_THAT(help, HasSubstr("  --version               Name and version\n"));
}

TEST(Help, ACmdletListsEachParameter) {
  const std::string help = HelpOf("New-SendConnector");
  EXPECT_THAT(help, HasSubstr("Usage: postern New-SendConnector [-Name] <text> -AddressSpaces "
                              "<list> [parameters] [options]\n"));
  EXPECT_THAT(help, HasSubstr("  -Port <number>\n"
                              "      The port of the smart hosts; MX hosts have 25.\n"
                              "      Values: 0 to 65535\n"
                              "      Default: 25\n"));
  EXPECT_THAT(help, HasSubstr("  -DomainController <text>\n      Without effect. There is no"));
  EXPECT_THAT(help, HasSubstr("  -RequireOorg <true|false>\n      Not taken. Reserved"));
  EXPECT_THAT(help, HasSubstr("  -WhatIf\n"));
}

TEST(Help, SetLeavesAloneWhatIsNotGiven) {
  EXPECT_THAT(HelpOf("Set-SendConnector"), Not(HasSubstr("Default:")));
  EXPECT_THAT(HelpOf("Set-SendConnector"),
              HasSubstr("Usage: postern Set-SendConnector [-Identity] <text> [parameters]"));
  EXPECT_THAT(HelpOf("Get-Site"), HasSubstr("Get-Site (Get-AdSite): Shows sites.\n\n"
                                            "Usage: postern Get-Site [[-Identity] <text>]"));
}

TEST(Help, FitsTheScreen) {
  std::string all = HelpForAll();
  for (const Cmdlet& cmdlet : Cmdlets())
    all += HelpFor(cmdlet);
  for (const std::string_view line : base::Split(all, '\n'))
    EXPECT_LE(line.size(), kHelpColumns) << line;
}

TEST(Help, TheTableHasSixColumns) {
  const std::string lines = ParameterLines();
  for (const std::string_view line : base::Split(base::Trim(lines), '\n'))
    EXPECT_EQ(std::count(line.begin(), line.end(), '\t'), 5) << line;
  EXPECT_THAT(lines, HasSubstr("Partner\tusage\tswitch\t\t\tThe same as Usage Partner.\n"));
  EXPECT_THAT(lines, HasSubstr("DomainController\tignored\ttext\t"));
  EXPECT_THAT(lines, HasSubstr("Usage\tnew\tword\tCustom, Internal, Internet, Partner\tCustom\t"));
}

}  // namespace
}  // namespace postern::cli
