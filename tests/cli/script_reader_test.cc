#include "cli/script_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ScriptLine OneLine(std::string_view text) {
  Script script = ReadScript(text);
  EXPECT_THAT(script.lines, SizeIs(1)) << text;
  return script.lines.empty() ? ScriptLine() : script.lines.front();
}

// The words, bound: what the line says of one parameter.
CmdletLine BoundLine(std::string_view text) {
  const ScriptLine line = OneLine(text);
  EXPECT_EQ(line.fault, "") << text;
  Complaints complaints;
  CmdletLine bound = Bind(*FindCmdlet(line.name), line.words, complaints);
  EXPECT_EQ(connector::Join(complaints), "") << text;
  return bound;
}

TEST(ScriptReader, AProceduresLineIsReadAsItStands) {
  const CmdletLine line = BoundLine(
      "New-SendConnector -Internet -Name 'It''s mail, all' -AddressSpaces "
      "\"SMTP:*.contoso.com;5\", "
      "fabrikam.com `\n  -DNSRoutingEnabled $false -SmartHosts ('10.1.1.1','b.test') -Fqdn $null "
      "-Comment \"say `\"hi`\"\" -WhatIf:$false # done");
  EXPECT_EQ(line.Text("Name"), "It's mail, all");
  EXPECT_THAT(line.List("AddressSpaces"), ElementsAre("SMTP:*.contoso.com;5", "fabrikam.com"));
  EXPECT_EQ(line.Text("DNSRoutingEnabled"), "$false");
  EXPECT_THAT(line.List("SmartHosts"), ElementsAre("10.1.1.1", "b.test"));
  EXPECT_EQ(line.Find("Fqdn")->literal->kind, Literal::Kind::kNull);
  EXPECT_EQ(line.Text("Comment"), "say \"hi\"");
  EXPECT_FALSE(line.Has("WhatIf"));
}

TEST(ScriptReader, EditsAreRead) {
  const CmdletLine line = BoundLine(
      "Set-SendConnector Internet -AddressSpaces @{Add=\"a.test\",\"b.test\"; Remove='*'}");
  EXPECT_THAT(line.Find("AddressSpaces")->literal->add, ElementsAre("a.test", "b.test"));
  EXPECT_THAT(line.Find("AddressSpaces")->literal->remove, ElementsAre("*"));
}

TEST(ScriptReader, AQuotedStringIsNeverAParameterOrAList) {
  const CmdletLine line = BoundLine("New-SendConnector '-x' -Comment '-Port 25' -SmartHosts 'a,b'");
  EXPECT_EQ(line.Text("Name"), "-x");
  EXPECT_EQ(line.Text("Comment"), "-Port 25");
  EXPECT_THAT(line.List("SmartHosts"), ElementsAre("a,b"));
}

TEST(ScriptReader, PipelinesChooseTheView) {
  const ScriptLine list = OneLine("Get-SendConnector Internet | fl Name, Add*");
  EXPECT_EQ(list.view->form, View::Form::kList);
  EXPECT_THAT(list.view->properties, ElementsAre("Name", "Add*"));
  EXPECT_EQ(list.words.size(), 1u);
  const ScriptLine table = OneLine("Get-SendConnector|Format-Table -AutoSize -Property Name");
  EXPECT_EQ(table.view->form, View::Form::kTable);
  EXPECT_THAT(table.view->properties, ElementsAre("Name"));
  EXPECT_TRUE(OneLine("Get-SendConnector | fl *").view->properties.empty());
  EXPECT_FALSE(OneLine("Get-SendConnector").view.has_value());
}

struct FaultRow {
  const char* text;
  const char* fault;
};

TEST(ScriptReader, WhatCannotBeRunSaysWhy) {
  const FaultRow rows[] = {
      {"$c = Get-Credential", "variables are not known here"},
      {"foreach ($x in 1) { a }", "\"foreach\" belongs to"},
      {"if (1) 2", "\"if\" belongs to PowerShell's language"},
      {"'New-Site' x", "a line begins with the name of a cmdlet"},
      {"-Name x", "a line begins with the name of a cmdlet"},
      {"Get-Site | Set-Site", "\"| Set-Site\" is not known here: only Format-List"},
      {"Get-Site | Set-Site -HubSiteEnabled:$true", "for each, with the name: Set-Site NAME"},
      {"Get-Queue | Retry-Queue", "takes, as Retry-Queue -Filter {Status -eq \"Retry\"}"},
      {"Get-Queue | where {$_.Status -eq 'Retry'}", "to the Get- itself, as Get-Queue -Filter"},
      {"Get-Site | fl | ft", "\"| ft\" is not known here"},
      {"Get-Site | fl -Expand x", "-Expand of Format-List"},
      {"Get-Site |", "\"| \" is not known here"},
      {"New-Site a -FrontEnds 'b',", "a comma stands between two values"},
      {"New-Site , b", "a comma stands between two values"},
      {"New-Site a -FrontEnds 'b',$null", "$null is no value of a list"},
      {"New-Site a -FrontEnds @{Set='x'}", "@{...} holds lists to add and to remove"},
      {"New-Site 'a", "the quote ' is not closed"},
      {"Get-Site > x", "\">\" is not known here"},
  };
  for (const FaultRow& row : rows)
    EXPECT_THAT(ReadScript(row.text).lines.front().fault, HasSubstr(row.fault)) << row.text;
}

TEST(ScriptReader, LinesAfterAFaultAreRead) {
  const Script script = ReadScript("# all of them\nNew-Site a\n$x = 1; New-Site b\n\nNew-Site c");
  ASSERT_THAT(script.lines, SizeIs(4));
  EXPECT_EQ(script.lines[0].number, 2);
  EXPECT_NE(script.lines[1].fault, "");
  EXPECT_EQ(script.lines[1].number, 3);
  EXPECT_EQ(script.lines[3].name, "New-Site");
  EXPECT_EQ(script.lines[3].number, 5);
}

TEST(ScriptReader, SizesAreBounded) {
  std::string many;
  for (std::size_t i = 0; i < kScriptLinesMax + 5; ++i)
    many += "a\n";
  EXPECT_THAT(ReadScript(many).lines, SizeIs(kScriptLinesMax));
  EXPECT_THAT(ReadScript(many).lines.back().fault, HasSubstr("at most 10000 lines"));
  EXPECT_THAT(ReadScript(std::string(5 << 20, 'a')).lines.front().fault, HasSubstr("bytes"));
}

}  // namespace
}  // namespace postern::cli
