#include "cli/cmdlet_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CmdletLine Bound(std::string_view cmdlet, const std::vector<std::string>& words) {
  Complaints complaints;
  CmdletLine line = Bind(*FindCmdlet(cmdlet), WordsOf(words), complaints);
  EXPECT_THAT(complaints, IsEmpty()) << connector::Join(complaints);
  return line;
}

std::string ComplaintsAbout(std::string_view cmdlet, const std::vector<std::string>& words) {
  Complaints complaints;
  Bind(*FindCmdlet(cmdlet), WordsOf(words), complaints);
  return connector::Join(complaints);
}

TEST(CmdletLine, ParametersHaveThePowerShellForms) {
  const CmdletLine line =
      Bound("New-SendConnector",
            {"Internet", "-addressspaces", "SMTP:*.contoso.com;5,fabrikam.com", "-Port:587",
             "-DNSRouting", "$false", "--smart-hosts=a.test", "-Internet", "-wi"});
  EXPECT_EQ(line.Text("Name"), "Internet");
  EXPECT_THAT(line.List("AddressSpaces"), ElementsAre("SMTP:*.contoso.com;5", "fabrikam.com"));
  EXPECT_EQ(line.Text("Port"), "587");
  EXPECT_EQ(line.Text("DNSRoutingEnabled"), "$false");
  EXPECT_THAT(line.List("SmartHosts"), ElementsAre("a.test"));
  EXPECT_TRUE(line.Has("Internet"));
  EXPECT_TRUE(line.Has("WhatIf"));
  EXPECT_FALSE(line.Has("Partner"));
}

TEST(CmdletLine, ListsMayBeSpreadOverWordsAndRepeated) {
  for (const auto& words :
       {std::vector<std::string>{"x", "-SmartHosts", "a,", "b"},
        std::vector<std::string>{"x", "-SmartHosts", "a", ",b"},
        std::vector<std::string>{"x", "-SmartHosts", "a", ",", "b"},
        std::vector<std::string>{"x", "-SmartHosts", "a", "-SmartHosts", "b"}}) {
    EXPECT_THAT(Bound("New-SendConnector", words).List("SmartHosts"), ElementsAre("a", "b"));
  }
}

TEST(CmdletLine, SwitchesTakeAValueOnlyAfterAColon) {
  const CmdletLine line = Bound("Remove-SendConnector", {"-Confirm:false", "-WhatIf", "Internet"});
  EXPECT_FALSE(line.Has("Confirm"));
  EXPECT_NE(line.Find("Confirm"), nullptr);
  EXPECT_TRUE(line.Has("WhatIf"));
  EXPECT_EQ(line.Text("Identity"), "Internet");
}

TEST(CmdletLine, OneValueKeepsCommasAndANumberMayBeNegative) {
  const CmdletLine line =
      Bound("New-SendConnector", {"Mail, all", "-Comment", "a,b", "-Port", "-1"});
  EXPECT_EQ(line.Text("Name"), "Mail, all");
  EXPECT_EQ(line.Text("Comment"), "a,b");
  EXPECT_EQ(line.Text("Port"), "-1");
}

// proves: DomainController
// proves: Force
TEST(CmdletLine, WhatHasNoEffectIsTakenWithAWarning) {
  const CmdletLine line = Bound("New-SendConnector", {"x", "-DomainController", "dc1", "-Force"});
  ASSERT_EQ(line.warnings.size(), 2u);
  EXPECT_THAT(line.warnings[0], HasSubstr("-DomainController has no effect. There is no domain"));
  EXPECT_THAT(line.warnings[1], HasSubstr("-Force has no effect."));
  EXPECT_EQ(line.Find("DomainController"), nullptr);
  EXPECT_EQ(line.Find("Force"), nullptr);
}

// proves: IsCoexistenceConnector
// proves: LinkedReceiveConnector
// proves: RequireOorg
TEST(CmdletLine, WhatIsRefusedSaysWhyAndWhatToDo) {
  const std::string said = ComplaintsAbout(
      "New-SendConnector", {"x", "-IsCoexistenceConnector", "$true", "-LinkedReceiveConnector",
                            "EX01\\Relay", "-RequireOorg", "true"});
  EXPECT_THAT(said, HasSubstr("-IsCoexistenceConnector: \"$true\": is not taken. Deprecated in "
                              "Exchange; CloudServicesMailEnabled takes its place."));
  EXPECT_THAT(said, HasSubstr("-LinkedReceiveConnector: "));
  EXPECT_THAT(said, HasSubstr("-RequireOorg: \"true\": is not taken. Reserved for Microsoft."));
  // What is refused, and off, asks for nothing.
  Bound("New-SendConnector", {"x", "-IsCoexistenceConnector", "$false", "-RequireOorg", "0"});
}

struct ComplaintRow {
  const char* fact;
  const char* cmdlet;
  std::vector<std::string> words;
  const char* complaint;
};

TEST(CmdletLine, EveryMistakeIsNamed) {
  const ComplaintRow rows[] = {
      {"bash makes nothing of $true",
       "Set-SendConnector",
       {"x", "-Enabled", "-Port", "25"},
       "-Enabled: has no value; the shell makes nothing of an unquoted $true"},
      {"nor of -Confirm:$false",
       "Remove-SendConnector",
       {"x", "-Confirm:"},
       "-Confirm: has no value"},
      {"a prefix of several",
       "New-SendConnector",
       {"x", "-Smart", "a"},
       "-Smart: may be -SmartHostAuthMechanism or -SmartHosts: write more of it"},
      {"a name that nothing has",
       "New-SendConnector",
       {"x", "-Colour", "red"},
       "-Colour: is not a parameter of New-SendConnector; postern New-SendConnector --help"},
      {"a second value without a name",
       "New-SendConnector",
       {"To", "Contoso"},
       "\"Contoso\": no parameter takes this value"},
      {"one parameter twice",
       "New-SendConnector",
       {"x", "-Port", "1", "-Port", "2"},
       "-Port: is given twice"},
      {"two types",
       "New-SendConnector",
       {"x", "-Internet", "-Partner"},
       "-Usage: \"-Internet, -Partner\": a connector has one type"},
      {"a type and a switch",
       "New-SendConnector",
       {"x", "-Usage", "Custom", "-Partner"},
       "a connector has one type"},
      {"edits of what is not there",
       "New-SendConnector",
       {"x", "-AddressSpaces", "@{Add='a'}"},
       "changes a list that is there"},
      {"edits of one value", "Set-SendConnector", {"x", "-SmartHosts", "@Add=a", "@b"}, "@{...}"},
      {"a list that is none",
       "New-SendConnector",
       {"x", "-SmartHosts", "a,,b"},
       "-SmartHosts: \"a,,b\": a comma stands between two values"},
      {"a type that is to be changed",
       "Set-SendConnector",
       {"x", "-Usage", "Internal"},
       "-Usage: \"Internal\": is not taken. It is given with New-"},
      {"a switch that is neither",
       "Set-SendConnector",
       {"x", "-WhatIf:maybe"},
       "-WhatIf: \"maybe\": is true or false"},
      {"no name", "New-SendConnector", {}, "-Name: is required"},
      {"no identity", "Remove-Site", {}, "-Identity: is required"},
      {"permissions are a verb's",
       "Set-SendConnector",
       {"x", "-Permissions", "y"},
       "Add-ADPermission and Remove-ADPermission edit them"},
      {"a common parameter without a sense",
       "Get-SendConnector",
       {"-OutVariable", "x"},
       "There are no variables here"},
  };
  for (const ComplaintRow& row : rows)
    EXPECT_THAT(ComplaintsAbout(row.cmdlet, row.words), HasSubstr(row.complaint)) << row.fact;
}

TEST(CmdletLine, MistakesAreReportedTogether) {
  const std::string said =
      ComplaintsAbout("New-SendConnector", {"-Colour", "red", "-Port", "-Internet", "-Partner"});
  EXPECT_THAT(base::Split(said, '\n'), ::testing::SizeIs(4));
}

TEST(CmdletLine, ACommandInParenthesesIsNotRun) {
  const std::vector<Word> words = {
      {.parameter = "Name", .value = Literal::Text("x")},
      {.parameter = "AuthenticationCredential",
       .value = Literal{.kind = Literal::Kind::kCommand, .values = {"(Get-Credential)"}}}};
  Complaints complaints;
  Bind(*FindCmdlet("New-SendConnector"), words, complaints);
  EXPECT_THAT(
      connector::Join(complaints),
      HasSubstr("-AuthenticationCredential: \"(Get-Credential)\": no password is taken here: "
                "write the name of a secret"));
}

}  // namespace
}  // namespace postern::cli
