#include "cli/resource_verbs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "cli/run.h"
#include "common/directory/manifest.h"
#include "tests/cli/fake_service.h"
#include "tests/common/connector/good_connector.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ResourceVerbsTest : public ::testing::Test {
 protected:
  ResourceVerbsTest() { service_.Serve("mbx-0", "site-a"); }

  // Runs one line; what it printed is that of this line alone.
  int Line(std::vector<std::string> words) {
    for (const char* word : {"--insecure-plaintext", "--server"})
      words.push_back(word);
    words.push_back(service_.address());
    shell_.out.str("");
    shell_.err.str("");
    return shell_.Run(words);
  }

  void Internet() {
    v1::Resource resource = NewResource("SendConnector");
    *resource.mutable_send_connector() = connector::testing::GoodConnector();
    service_.directory.Put(resource);
  }

  std::string out() const { return shell_.out.str(); }

  std::string err() const { return shell_.err.str(); }

  FakeService service_;
  StringShell shell_;
};

TEST_F(ResourceVerbsTest, NewTakesTheSiteOfTheServerAsSource) {
  EXPECT_EQ(Line({"New-SendConnector", "Internet", "-AddressSpaces", "*", "-Usage", "Internet"}), 0)
      << err();
  EXPECT_THAT(service_.directory.Connector("internet").source_transport_servers(),
              ElementsAre("site/site-a"));
  EXPECT_THAT(err(), HasSubstr("-SourceTransportServers is taken as site/site-a"));
  EXPECT_THAT(out(), StartsWith("Identity AddressSpaces Route Enabled Ready\n"));
}

TEST_F(ResourceVerbsTest, NewWithSourcesAsksNobody) {
  service_.answer = grpc::Status(grpc::PERMISSION_DENIED, "no");
  EXPECT_EQ(Line({"New-SendConnector", "x", "-AddressSpaces", "*", "-SourceTransportServers",
                  "mbx-0,mbx-1"}),
            0)
      << err();
  EXPECT_EQ(err(), "");
}

TEST_F(ResourceVerbsTest, FindingsOfTheServerNameParameters) {
  EXPECT_EQ(Line({"New-SendConnector", "x", "-AddressSpaces", "*contoso.com", "-SmartHosts", "a b",
                  "-RequireTLS", "true", "-IgnoreSTARTTLS", "true"}),
            1);
  EXPECT_THAT(err(), HasSubstr("postern: -AddressSpaces: \"*contoso.com\": "));
  EXPECT_THAT(err(), HasSubstr("postern: -SmartHosts: \"a b\": "));
  EXPECT_THAT(err(),
              HasSubstr("postern: -IgnoreSTARTTLS: \"true\": must be false when RequireTLS"));
  EXPECT_FALSE(service_.directory.Has("SendConnector", "x"));
}

TEST_F(ResourceVerbsTest, WarningsAreShown) {
  EXPECT_EQ(Line({"New-SendConnector", "x", "-AddressSpaces", "*", "-Port", "587", "-Force"}), 0);
  EXPECT_THAT(err(), HasSubstr("WARNING: -Force has no effect."));
  EXPECT_THAT(err(), HasSubstr("WARNING: Send connector \"x\": Port is for smart hosts"));
}

TEST_F(ResourceVerbsTest, WhatIfChangesNothing) {
  EXPECT_EQ(Line({"New-SendConnector", "x", "-AddressSpaces", "*", "-WhatIf"}), 0) << err();
  EXPECT_THAT(out(), StartsWith("What if: Send connector \"x\" would be created\n"));
  EXPECT_FALSE(service_.directory.Has("SendConnector", "x"));
  Internet();
  EXPECT_EQ(Line({"Set-SendConnector", "Internet", "-Enabled", "false", "-WhatIf"}), 0);
  EXPECT_EQ(out(),
            "What if: Send connector \"Internet\" would change\n"
            "Parameter Before After\n"
            "--------- ------ -----\n"
            "Enabled   True   False\n");
  EXPECT_FALSE(service_.directory.Connector("internet").has_enabled());
  EXPECT_EQ(Line({"Remove-SendConnector", "Internet", "-WhatIf"}), 0);
  EXPECT_EQ(out(), "What if: Send connector \"Internet\" would be removed\n");
  EXPECT_TRUE(service_.directory.Has("SendConnector", "internet"));
}

TEST_F(ResourceVerbsTest, SetSendsOnlyTheNamedFields) {
  Internet();
  service_.directory.Connector("internet").set_comment("kept");
  EXPECT_EQ(Line({"Set-SendConnector", "internet", "-Port", "26", "-Fqdn", "$null"}), 0) << err();
  EXPECT_THAT(service_.directory.masks, ElementsAre(ElementsAre("spec.port", "spec.fqdn")));
  EXPECT_EQ(service_.directory.Connector("internet").comment(), "kept");
  EXPECT_THAT(out(), HasSubstr("Port      25     26"));
}

TEST_F(ResourceVerbsTest, WhatIsLeftOutIsToldWithItsDefault) {
  Internet();
  EXPECT_EQ(Line({"Set-SendConnector", "Internet", "-MaxMessageSize", "$null"}), 0) << err();
  EXPECT_EQ(err(), "-MaxMessageSize: left out, it is 25MB\n");
}

TEST_F(ResourceVerbsTest, TheServerOfAnIdentityIsOneOfTheDirectory) {
  Internet();
  EXPECT_EQ(Line({"Get-SendConnector", "MBX-0\\Internet"}), 0) << err();
  EXPECT_EQ(Line({"Remove-SendConnector", "nobody\\Internet", "-Confirm:false"}), 1);
  EXPECT_THAT(err(), HasSubstr("-Identity: nobody: "));
  EXPECT_TRUE(service_.directory.Has("SendConnector", "internet"));
}

TEST_F(ResourceVerbsTest, SetCanRename) {
  Internet();
  EXPECT_EQ(Line({"Set-SendConnector", "Internet", "-Name", "To the Internet"}), 0) << err();
  EXPECT_EQ(service_.directory.Connector("internet").name(), "To the Internet");
}

TEST_F(ResourceVerbsTest, WhatIsSoAlreadyIsSaid) {
  Internet();
  EXPECT_EQ(Line({"Set-SendConnector", "Internet", "-Enabled", "true"}), 0);
  EXPECT_EQ(out(), "Send connector \"Internet\": nothing changes, it is so already\n");
  EXPECT_EQ(Line({"Set-SendConnector", "Internet"}), 0);
  EXPECT_THAT(err(), HasSubstr("nothing is changed: the line names no parameter"));
}

TEST_F(ResourceVerbsTest, ListsAreEditedWhereTheyAre) {
  Internet();
  EXPECT_EQ(Line({"Set-SendConnector", "Internet", "-AddressSpaces",
                  "@{Add='SMTP:a.test;5','b.test';Remove='*','c.test'}"}),
            0)
      << err();
  EXPECT_THAT(service_.directory.Connector("internet").address_spaces(),
              ElementsAre("SMTP:a.test;5", "b.test"));
  EXPECT_THAT(err(), HasSubstr("-AddressSpaces: \"c.test\" is not in the list"));
}

TEST_F(ResourceVerbsTest, AnEditThatOthersComeBetweenIsRepeated) {
  Internet();
  int faster = 2;
  service_.directory.before_update = [&] {
    if (faster-- <= 0) return;
    service_.directory.Connector("internet")
        .add_address_spaces(base::Cat("other", faster, ".test"));
  };
  EXPECT_EQ(Line({"Set-SendConnector", "Internet", "-AddressSpaces", "@{Add='a.test'}"}), 0)
      << err();
  EXPECT_THAT(service_.directory.Connector("internet").address_spaces(),
              ElementsAre("SMTP:*;1", "SMTP:other1.test;1", "SMTP:other0.test;1", "a.test"));
}

TEST_F(ResourceVerbsTest, AnEditThatIsNeverFirstGivesUp) {
  Internet();
  int count = 0;
  service_.directory.before_update = [&] {
    service_.directory.Connector("internet").set_comment(base::Cat(++count));
  };
  EXPECT_EQ(Line({"Set-SendConnector", "Internet", "-SmartHosts", "@{Add='a.test'}"}), 1);
  EXPECT_EQ(count, kTriesMax);
  EXPECT_THAT(err(), HasSubstr("it was read 3 times and others were faster each time: nothing was "
                               "changed, try again"));
}

TEST_F(ResourceVerbsTest, RemoveWantsToBeSure) {
  Internet();
  EXPECT_EQ(Line({"Remove-SendConnector", "Internet"}), 1);
  EXPECT_THAT(err(), HasSubstr("nobody is there to answer: give -Confirm:$false"));
  EXPECT_EQ(Line({"Remove-SendConnector", "Internet", "-Confirm:$false"}), 0) << err();
  EXPECT_EQ(out(), "Send connector \"Internet\" removed\n");
  EXPECT_FALSE(service_.directory.Has("SendConnector", "internet"));
}

TEST_F(ResourceVerbsTest, ATerminalIsAsked) {
  const Cmdlet& remove = *FindCmdlet("Remove-Site");
  CmdletLine line;
  line.cmdlet = &remove;
  for (const auto& [answer, code] :
       {std::pair{"y\n", absl::StatusCode::kOk}, std::pair{" Yes \n", absl::StatusCode::kOk},
        std::pair{"n\n", absl::StatusCode::kCancelled},
        std::pair{"\n", absl::StatusCode::kCancelled},
        std::pair{"", absl::StatusCode::kCancelled}}) {
    StringShell strings;
    strings.in.str(answer);
    Shell shell = strings.shell();
    shell.in_is_terminal = true;
    EXPECT_EQ(Confirmed(line, "Remove site \"a\"", shell).code(), code) << answer;
    EXPECT_EQ(strings.err.str(), "Remove site \"a\"? [y/N] ");
  }
}

TEST_F(ResourceVerbsTest, GetShowsOneInFullAndManyAsATable) {
  Internet();
  service_.directory.not_ready["internet"] = "ServerNotFound";
  EXPECT_EQ(Line({"Get-SendConnector"}), 0);
  EXPECT_EQ(out(),
            "Identity AddressSpaces Route Enabled Ready\n"
            "-------- ------------- ----- ------- -----\n"
            "Internet {SMTP:*;1}    MX    True    False: ServerNotFound\n");
  EXPECT_EQ(Line({"Get-SendConnector", "INTERNET"}), 0);
  EXPECT_THAT(out(), HasSubstr("SmtpMaxMessagesPerConnection : 20\n"));
  EXPECT_THAT(out(), HasSubstr("ReadyReason                  : ServerNotFound"));
  EXPECT_EQ(Line({"Get-SendConnector", "Int*"}), 0);
  EXPECT_THAT(out(), StartsWith("Identity "));
  EXPECT_EQ(Line({"Get-SendConnector", "X*"}), 0);
  EXPECT_EQ(err(), "there is no Send connector of that name in the directory\n");
  EXPECT_EQ(Line({"Get-SendConnector", "nobody"}), 1);
  EXPECT_THAT(err(), HasSubstr("\"nobody\": there is none"));
}

TEST_F(ResourceVerbsTest, YamlCanBeSavedAndReadAgain) {
  Internet();
  EXPECT_EQ(Line({"Get-SendConnector", "--output", "yaml"}), 0);
  std::vector<directory::ManifestError> errors;
  EXPECT_EQ(directory::ParseManifests("x.yaml", out(), errors).size(), 1u);
  EXPECT_TRUE(errors.empty()) << errors.front().ToString();
  // What a change printed for people does not stand between the manifests.
  EXPECT_EQ(Line({"Set-SendConnector", "Internet", "-Comment", "x", "--output", "yaml"}), 0);
  EXPECT_THAT(out(), StartsWith("apiVersion:"));
  EXPECT_EQ(err(), "Send connector \"Internet\" changed\n");
}

TEST_F(ResourceVerbsTest, EnableAndDisableChangeOneField) {
  Internet();
  EXPECT_EQ(Line({"Disable-SendConnector", "Internet"}), 0) << err();
  EXPECT_FALSE(service_.directory.Connector("internet").enabled());
  EXPECT_EQ(Line({"Enable-SendConnector", "Internet"}), 0) << err();
  EXPECT_TRUE(service_.directory.Connector("internet").enabled());
}

TEST_F(ResourceVerbsTest, SitesLinksServersAndDomains) {
  EXPECT_EQ(Line({"New-AdSite", "Berlin", "-HubSiteEnabled", "true"}), 0) << err();
  EXPECT_EQ(Line({"New-AdSiteLink", "a-b", "-Sites", "site-a,berlin", "-ExchangeCost", "7"}), 0)
      << err();
  EXPECT_EQ(Line({"New-TransportServer", "mbx-9", "-Site", "berlin", "-RelayAddress", "h:7172"}),
            0);
  EXPECT_EQ(Line({"New-AcceptedDomain", "Fabrikam Inc", "-DomainName", "fabrikam.com"}), 0)
      << err();
  EXPECT_EQ(Line({"Get-Site"}), 0);
  EXPECT_EQ(out(),
            "Identity HubSiteEnabled InboundMailEnabled FrontEnds\n"
            "-------- -------------- ------------------ ---------\n"
            "berlin   True           True               {}\n"
            "site-a   False          True               {}\n");
  EXPECT_EQ(Line({"Set-SiteLink", "a-b", "-MaxMessageSize", "10MB"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("MaxMessageSize Unlimited 10 MB (10,485,760 bytes)"));
  EXPECT_EQ(Line({"Set-AcceptedDomain", "Fabrikam Inc", "-MakeDefault", "true"}), 0) << err();
  EXPECT_EQ(Line({"Get-AcceptedDomain", "fabrikam-inc"}), 0);
  EXPECT_THAT(out(), HasSubstr("Default         : True\n"));
  EXPECT_EQ(Line({"Remove-AdSiteLink", "a-b", "-Confirm:false"}), 0) << err();
  EXPECT_EQ(out(), "site link \"a-b\" removed\n");
}

TEST_F(ResourceVerbsTest, TheConfigurationIsCreatedByTheFirstSet) {
  EXPECT_EQ(Line({"Get-TransportConfig"}), 0);
  EXPECT_THAT(err(),
              HasSubstr("there is no transport configuration in the directory: every limit"));
  EXPECT_EQ(Line({"Set-TransportConfig", "-MaxReceiveSize", "50MB"}), 0) << err();
  EXPECT_TRUE(service_.directory.Has("TransportConfig", "transport-config"));
  EXPECT_EQ(Line({"Set-TransportConfig", "-TLSSendDomainSecureList", "@{Add='a.test'}"}), 0)
      << err();
  EXPECT_EQ(Line({"Get-TransportConfig"}), 0);
  EXPECT_THAT(out(), HasSubstr("MaxReceiveSize                  : 50 MB (52,428,800 bytes)\n"));
  EXPECT_THAT(out(), HasSubstr("TLSSendDomainSecureList         : {a.test}\n"));
}

TEST_F(ResourceVerbsTest, ARefusalSaysWhichRoleIsNeeded) {
  EXPECT_THAT(std::string(Advise(absl::PermissionDeniedError("no"), {}, "administer").message()),
              HasSubstr("the role administer"));
  EXPECT_EQ(Line({"New-SendConnector", "x", "-AddressSpaces", "*", "--timeout", "5s"}), 0) << err();
  EXPECT_EQ(Line({"New-SendConnector", "X", "-AddressSpaces", "*"}), 1);
  EXPECT_THAT(err(), HasSubstr("there is one already"));
}

TEST_F(ResourceVerbsTest, WhatAServerSaysIsSafeForATerminal) {
  Internet();
  service_.directory.not_ready["internet"] = "Bad\x1B[2J";
  EXPECT_EQ(Line({"Get-SendConnector"}), 0);
  EXPECT_THAT(out(), Not(HasSubstr("\x1B")));
}

}  // namespace
}  // namespace postern::cli
