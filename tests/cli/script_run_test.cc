#include "cli/script_run.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ScriptRunTest : public ::testing::Test {
 protected:
  ScriptRunTest() { service_.Serve("mbx-0", "site-a"); }

  int Line(std::vector<std::string> words) {
    for (const char* word : {"--insecure-plaintext", "--server"})
      words.push_back(word);
    words.push_back(service_.address());
    shell_.out.str("");
    shell_.err.str("");
    return shell_.Run(words);
  }

  // Runs a script that comes by standard input.
  int Invoke(const std::string& script, std::vector<std::string> more = {}) {
    shell_.in.clear();
    shell_.in.str(script);
    more.insert(more.begin(), {"Invoke-Script", "-"});
    return Line(std::move(more));
  }

  bool Has(const std::string& connector) {
    return service_.directory.Has("SendConnector", connector);
  }

  std::string out() const { return shell_.out.str(); }

  std::string err() const { return shell_.err.str(); }

  FakeService service_;
  StringShell shell_;
};

TEST_F(ScriptRunTest, LinesOfExchangeProceduresRunUnchanged) {
  ASSERT_EQ(Line({"Invoke-Script", "tests/cli/send_connectors.ps1"}), 0) << err();
  const v1::SendConnectorSpec& internet = service_.directory.Connector("to-internet");
  EXPECT_EQ(internet.usage(), "Internet");
  EXPECT_TRUE(internet.frontend_proxy_enabled());
  EXPECT_THAT(internet.address_spaces(), ElementsAre("SMTP:*;10"));
  EXPECT_THAT(internet.source_transport_servers(), ElementsAre("site/site-a"));
  const v1::SendConnectorSpec& smart = service_.directory.Connector("via-smart-host");
  EXPECT_THAT(smart.address_spaces(),
              ElementsAre("SMTP:*.fabrikam.com;5", "SMTP:proseware.com;20", "wingtiptoys.com"));
  EXPECT_THAT(smart.smart_hosts(), ElementsAre("smtp.relay.example", "[192.0.2.25]"));
  EXPECT_EQ(smart.authentication_credential().secret_name(), "smart-host");
  EXPECT_EQ(smart.max_message_size(), "35MB");
  EXPECT_EQ(smart.smtp_max_messages_per_connection(), 50);
  EXPECT_EQ(smart.permissions().grants(0).user(), "AnonymousLogon");
  const v1::SendConnectorSpec& partner = service_.directory.Connector("partner-tailspin");
  EXPECT_EQ(partner.tls_domain(), "*.tailspintoys.com");
  EXPECT_THAT(partner.error_policies(),
              ElementsAre("DowngradeDnsFailures", "DowngradeCustomFailures"));
  const v1::SendConnectorSpec& branch = service_.directory.Connector("branch-office");
  EXPECT_EQ(branch.comment(), "leased line; ask Ann's team");
  EXPECT_TRUE(branch.is_scoped_connector());
  EXPECT_FALSE(branch.enabled());
  EXPECT_EQ(branch.max_message_size(), "unlimited");
  const v1::SendConnectorSpec& hybrid = service_.directory.Connector("outbound-to-office-365");
  EXPECT_TRUE(hybrid.cloud_services_mail_enabled());
  EXPECT_THAT(hybrid.tls_certificate_name(), HasSubstr("<S>CN=mail.contoso.com"));
}

TEST_F(ScriptRunTest, EachLineSaysWhatItDid) {
  ASSERT_EQ(Line({"Invoke-Script", "tests/cli/send_connectors.ps1"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("tests/cli/send_connectors.ps1:5: New-SendConnector\n"));
  EXPECT_THAT(out(), HasSubstr("tests/cli/send_connectors.ps1:6: Set-SendConnector\n"
                               "Send connector \"To Internet\" changed\n"));
  EXPECT_THAT(out(), HasSubstr("Name          : Via smart host\nAddressSpaces : {SMTP:*.fabrikam"));
  EXPECT_THAT(err(), HasSubstr("WARNING: -Force has no effect."));
}

TEST_F(ScriptRunTest, AScriptThatCannotBeUnderstoodIsNotBegun) {
  EXPECT_EQ(Invoke("New-SendConnector a -AddressSpaces *\n"
                   "New-SendConnector b -Port many -Colour red\n"
                   "$x = 5\n"
                   "Get-Mailbox\n"),
            1);
  EXPECT_FALSE(Has("a"));
  EXPECT_EQ(err(),
            "standard input:2: -Colour: is not a parameter of New-SendConnector; postern "
            "New-SendConnector --help lists them\n"
            "standard input:2: -Port: \"many\": is a whole number\n"
            "standard input:3: variables are not known here: write the value itself in the place "
            "of $x\n"
            "standard input:4: \"Get-Mailbox\" is not a verb; postern --help shows them\n"
            "postern: nothing was run: put these lines right, or give -Continue\n");
}

TEST_F(ScriptRunTest, TheFirstLineThatFailsEndsIt) {
  const std::string script =
      "New-SendConnector a -AddressSpaces *\n"
      "New-SendConnector b -AddressSpaces '*x'\n"
      "New-SendConnector c -AddressSpaces *\n";
  EXPECT_EQ(Invoke(script), 1);
  EXPECT_TRUE(Has("a"));
  EXPECT_FALSE(Has("c"));
  EXPECT_THAT(err(), HasSubstr("standard input:2: -AddressSpaces: \"*x\": "));
  EXPECT_THAT(err(), HasSubstr("the script ended at the line that failed"));
  EXPECT_EQ(Invoke(script, {"--continue"}), 1);
  EXPECT_TRUE(Has("c"));
  EXPECT_THAT(err(), HasSubstr("standard input:1: SendConnector \"a\": there is one already"));
  EXPECT_THAT(err(), HasSubstr("postern: 2 of 3 lines failed"));
}

TEST_F(ScriptRunTest, ContinueRunsTheLinesThatCanBeUnderstood) {
  EXPECT_EQ(Invoke("$x = 5\nNew-SendConnector a -AddressSpaces *", {"-Continue"}), 1);
  EXPECT_TRUE(Has("a"));
}

TEST_F(ScriptRunTest, WhatIfTriesAllOfIt) {
  ASSERT_EQ(Invoke("New-SendConnector a -AddressSpaces *\n"
                   "Set-SendConnector a -Port 26\n"
                   "Get-SendConnector\n",
                   {"--what-if"}),
            0)
      << err();
  EXPECT_FALSE(Has("a"));
  EXPECT_THAT(out(), HasSubstr("What if: Send connector \"a\" would be created"));
  EXPECT_THAT(out(), HasSubstr("What if: \"a\" would be there from line 1 on"));
  EXPECT_EQ(Invoke("Send-Message x.eml", {"-WhatIf"}), 1);
  EXPECT_THAT(err(), HasSubstr("Send-Message cannot be tried with -WhatIf"));
}

TEST_F(ScriptRunTest, WhatIfOfTheScriptStandsForThatOfALine) {
  for (const char* word : {"-WhatIf", "-WhatIf:$false", "-wi", "-what"}) {
    EXPECT_EQ(Invoke(base::Cat("New-SendConnector a ", word, " -AddressSpaces *"), {"-WhatIf"}), 0)
        << word << ": " << err();
    EXPECT_FALSE(Has("a")) << word;
    EXPECT_THAT(out(), HasSubstr("What if: Send connector \"a\" would be created")) << word;
  }
}

TEST_F(ScriptRunTest, ALineThatChangesSomethingIsNotPassedOver) {
  EXPECT_EQ(Invoke("New-SendConnector a -AddressSpaces * -WhatIf\n"
                   "Set-SendConnector a -Port 26 -WhatIf\n"
                   "Set-SendConnector a -Enabled $false\n"),
            1);
  EXPECT_THAT(out(), HasSubstr("What if: \"a\" would be there from line 1 on"));
  EXPECT_THAT(err(), HasSubstr("standard input:3: SendConnector \"a\": there is none"));
  EXPECT_EQ(Invoke("New-SendConnector a -AddressSpaces * -WhatIf\n"
                   "New-SendConnector a -AddressSpaces *\n"
                   "Set-SendConnector a -Enabled $false\n"
                   "Set-SendConnector a -Port 26 -WhatIf\n"),
            0)
      << err();
  EXPECT_FALSE(service_.directory.Connector("a").enabled());
  EXPECT_THAT(out(), Not(HasSubstr("would be there")));
  EXPECT_THAT(out(), HasSubstr("What if: Send connector \"a\" would change"));
}

TEST_F(ScriptRunTest, NobodyIsAskedWhereTheScriptComesFrom) {
  Invoke("New-SendConnector a -AddressSpaces *");
  EXPECT_EQ(Invoke("Remove-SendConnector a\ny\n"), 1);
  EXPECT_EQ(Invoke("Remove-SendConnector a -Confirm:$false"), 0) << err();
  EXPECT_FALSE(Has("a"));
}

TEST_F(ScriptRunTest, PasswordsAreNotTaken) {
  EXPECT_EQ(
      Invoke("New-SendConnector a -AddressSpaces * -AuthenticationCredential (Get-Credential)"), 1);
  EXPECT_THAT(err(), HasSubstr("no password is taken here: write the name of a secret"));
}

TEST_F(ScriptRunTest, OtherVerbsRunToo) {
  EXPECT_EQ(Invoke("Get-Queue Submission\nTest-Route joe@contoso.com -Size 1KB\nexit\n$after = 1"),
            0)
      << err();
  EXPECT_EQ(service_.identity, "joe@contoso.com 1024");
  EXPECT_EQ(Invoke("Invoke-Script other.ps1"), 1);
  EXPECT_THAT(err(), HasSubstr("Invoke-Script is not run from a script"));
  EXPECT_EQ(Invoke("Get-Queue -Identity x | Format-List Identity, Status"), 0) << err();
  EXPECT_EQ(service_.identity, "x");
  EXPECT_EQ(Invoke("Send-Message -From x"), 1);
  EXPECT_THAT(err(), HasSubstr("input:1: file is required"));
  EXPECT_EQ(Invoke("Redirect-Message -Target a,b -Colour x"), 1);
  EXPECT_THAT(err(), HasSubstr("-Colour: is not a parameter of Redirect-Message, which takes"));
  EXPECT_EQ(Invoke("Redirect-Message -Target mbx-1,'mbx-2' -Confirm:$false"), 0) << err();
  EXPECT_THAT(service_.redirect_request.targets(), ElementsAre("mbx-1", "mbx-2"));
  EXPECT_EQ(Invoke("New-Site a | fl"), 1);
  EXPECT_THAT(err(), HasSubstr("follow a Get-"));
}

TEST_F(ScriptRunTest, DataIsNotMixedWithWhatIsTold) {
  ASSERT_EQ(Invoke("New-SendConnector a -AddressSpaces *\nGet-SendConnector", {"--output", "json"}),
            0);
  EXPECT_THAT(out(), Not(HasSubstr("standard input")));
  EXPECT_THAT(err(), HasSubstr("standard input:2: Get-SendConnector"));
  ASSERT_EQ(Invoke("New-SendConnector b -AddressSpaces *\nSet-SendConnector b -Port 26",
                   {"--output", "json", "--what-if"}),
            0);
  EXPECT_THAT(out(), Not(HasSubstr("What if")));
  EXPECT_THAT(err(), HasSubstr("What if: \"b\" would be there from line 1 on"));
}

TEST_F(ScriptRunTest, AFileThatIsNotThereIsNamed) {
  EXPECT_EQ(Line({"Invoke-Script", "/nowhere/x.ps1"}), 1);
  EXPECT_THAT(err(), HasSubstr("/nowhere/x.ps1: the file cannot be read"));
  EXPECT_EQ(Line({"Invoke-Script"}), 2);
}

TEST_F(ScriptRunTest, TheShellRunsLinesAsTheyAreTyped) {
  shell_.in.str(
      "New-SendConnector a `\n -AddressSpaces 'x.test',\n 'y.test'\n"
      "New-SendConnector b -Port x\n"
      "'never closed\n\n"
      "Get-Help Remove-Site\n"
      "exit\nNew-SendConnector c -AddressSpaces *\n");
  EXPECT_EQ(Line({"Shell"}), 1);
  EXPECT_THAT(service_.directory.Connector("a").address_spaces(), ElementsAre("x.test", "y.test"));
  EXPECT_THAT(err(), HasSubstr("postern: -Port: \"x\": is a whole number"));
  EXPECT_THAT(err(), HasSubstr("the quote ' is not closed"));
  EXPECT_THAT(out(), HasSubstr("Remove-Site (Remove-AdSite): Removes a site."));
  EXPECT_THAT(out(), Not(HasSubstr(":1: New-SendConnector")));
  EXPECT_THAT(err(), HasSubstr("postern: 2 of 3 lines failed"));
  EXPECT_FALSE(Has("c"));
}

TEST_F(ScriptRunTest, TheShellEndsWellWhenEveryLineDid) {
  shell_.in.str("New-SendConnector a -AddressSpaces *\nhelp\n\nGet-SendConnector a");
  EXPECT_EQ(Line({"Shell"}), 0) << err();
  EXPECT_TRUE(Has("a"));
}

TEST_F(ScriptRunTest, TheShellSaysWhatItsInputLeftUnfinished) {
  shell_.in.str("New-SendConnector a -AddressSpaces *\nRemove-SendConnector a `\n -Confirm:`");
  EXPECT_EQ(Line({"Shell"}), 1);
  EXPECT_TRUE(Has("a"));
  EXPECT_THAT(err(), HasSubstr("postern: \"Remove-SendConnector a"));
  EXPECT_THAT(err(), HasSubstr("\" is not run: the input ends in the middle of the line\n"));
  EXPECT_THAT(err(), HasSubstr("postern: 1 of 2 lines failed"));
}

TEST_F(ScriptRunTest, TheShellOfATerminalEndsWellAlways) {
  StringShell strings;
  strings.in.str("New-SendConnector b -Port x\n");
  Shell shell = strings.shell();
  shell.in_is_terminal = true;
  const char* argv[] = {"postern", "Shell"};
  EXPECT_EQ(RunCommandLine(2, argv, shell), 0);
  EXPECT_THAT(strings.err.str(), HasSubstr("-Port: \"x\": is a whole number"));
}

}  // namespace
}  // namespace postern::cli
