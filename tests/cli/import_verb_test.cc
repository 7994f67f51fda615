#include "cli/import_verb.h"

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kSample[] = "tests/cli/export.json";

class ImportVerbTest : public ::testing::Test {
 protected:
  ImportVerbTest() { service_.Serve("mbx-0", "site-a"); }

  int Import(std::vector<std::string> words, const std::string& input = "") {
    words.insert(words.begin(), "Import-SendConnector");
    for (const char* word : {"--insecure-plaintext", "--server"})
      words.push_back(word);
    words.push_back(service_.address());
    shell_.in.clear();
    shell_.in.str(input);
    shell_.out.str("");
    shell_.err.str("");
    return shell_.Run(words);
  }

  bool Has(const std::string& connector) {
    return service_.directory.Has("SendConnector", connector);
  }

  std::string out() const { return shell_.out.str(); }

  std::string err() const { return shell_.err.str(); }

  FakeService service_;
  StringShell shell_;
};

TEST_F(ImportVerbTest, TheSampleIsImportedWhereNothingIsRefused) {
  EXPECT_EQ(Import({kSample, "-Usage", "Internet"}), 1);
  EXPECT_TRUE(Has("to-internet"));
  EXPECT_FALSE(Has("via-smart-host"));
  EXPECT_FALSE(Has("outbound-to-office-365"));
  EXPECT_THAT(err(),
              HasSubstr("Send connector \"Via smart host\" is not created: put right what is "
                        "refused, or leave it out with -Without AuthenticationCredential\n"));
  EXPECT_THAT(err(), HasSubstr("-Without TlsAuthLevel\n"));
  EXPECT_THAT(err(), HasSubstr("postern: 2 of 3 connectors were not imported"));
  const v1::SendConnectorSpec& internet = service_.directory.Connector("to-internet");
  EXPECT_EQ(internet.comment(), "Stra\u00DFe ins Internet");
  EXPECT_EQ(internet.protocol_logging_level(), "Verbose");
  EXPECT_EQ(internet.max_message_size(), "25MB");
  EXPECT_THAT(internet.source_transport_servers(), ElementsAre("site/site-a"));
}

TEST_F(ImportVerbTest, EveryParameterIsAccountedFor) {
  Import({kSample});
  const std::string report = out();
  for (const Parameter& parameter : connector::SendConnectorParameters()) {
    if (parameter.field.empty() || parameter.standing == Parameter::Standing::kUsage ||
        parameter.name == "Permissions" || parameter.effect.starts_with("Not of Exchange")) {
      continue;
    }
    EXPECT_THAT(report, HasSubstr(base::Cat("\n", parameter.name, " ")));
  }
  const std::string once = "read-only, not taken: AdminDisplayName, CertificateSubject";
  EXPECT_THAT(report, HasSubstr(once));
  EXPECT_EQ(report.find(once), report.rfind("read-only, not taken"));
  EXPECT_THAT(report, HasSubstr("not known here, not taken: TransportRole"));
}

TEST_F(ImportVerbTest, WithASecretAndWithoutWhatIsUncertainAllIsImported) {
  EXPECT_EQ(Import({kSample, "-AuthenticationCredential", "smart-host", "-Without", "TlsAuthLevel",
                    "-SourceTransportServers", "mbx-0"}),
            0)
      << err();
  EXPECT_THAT(service_.directory.Connector("via-smart-host").smart_hosts(),
              ElementsAre("smtp.relay.example", "192.0.2.25"));
  EXPECT_EQ(service_.directory.Connector("outbound-to-office-365").tls_auth_level(), "");
  EXPECT_THAT(out(), HasSubstr("Send connector \"Via smart host\" created\n"));
}

TEST_F(ImportVerbTest, WhatIsThereStaysUnlessForced) {
  const std::string one = R"({"Name":"X","AddressSpaces":["SMTP:a.test;1"],"Comment":"new"})";
  EXPECT_EQ(Import({"-"}, R"({"Name":"x","AddressSpaces":["SMTP:*;1"],"Port":26})"), 0) << err();
  EXPECT_EQ(Import({"-"}, one), 1);
  EXPECT_THAT(err(), HasSubstr("there is one already; -Force replaces it"));
  EXPECT_EQ(service_.directory.Connector("x").port(), 26);
  EXPECT_EQ(Import({"-", "-Force"}, one), 0) << err();
  EXPECT_THAT(out(), HasSubstr("Send connector \"X\" replaced"));
  EXPECT_EQ(service_.directory.Connector("x").comment(), "new");
  EXPECT_FALSE(service_.directory.Connector("x").has_port());
}

TEST_F(ImportVerbTest, WhatIsReplacedKeepsItsTypeAndPermissions) {
  const std::string one = R"({"Name":"X","AddressSpaces":["*"]})";
  EXPECT_EQ(Import({"-", "-Usage", "Internet"}, one), 0) << err();
  service_.directory.Connector("x").mutable_permissions();
  EXPECT_EQ(Import({"-", "-Force"}, one), 0) << err();
  EXPECT_EQ(service_.directory.Connector("x").usage(), "Internet");
  EXPECT_EQ(service_.directory.Connector("x").permissions().grants_size(), 0);
  EXPECT_EQ(Import({"-", "-Force", "-Usage", "Partner"}, one), 1);
  EXPECT_THAT(err(), HasSubstr("-Usage: \"Partner\": the usage of a Send connector cannot be"));
}

TEST_F(ImportVerbTest, WhatIfCreatesNothing) {
  EXPECT_EQ(Import({kSample, "-WhatIf", "-Without", "TlsAuthLevel,SmartHostAuthMechanism",
                    "-SourceTransportServers", "mbx-0"}),
            0)
      << err();
  EXPECT_THAT(out(), HasSubstr("What if: Send connector \"To Internet\" would be created"));
  EXPECT_FALSE(Has("to-internet"));
}

TEST_F(ImportVerbTest, TheRulesOfTheServerHold) {
  EXPECT_EQ(Import({"-"}, R"({"Name":"X","AddressSpaces":["SMTP:*x;1"],"SmartHosts":["a.test"]})"),
            1);
  EXPECT_THAT(err(), HasSubstr("-AddressSpaces: \"SMTP:*x;1\": "));
  EXPECT_THAT(err(), HasSubstr("-DNSRoutingEnabled: "));
  EXPECT_THAT(err(), HasSubstr("Send connector \"X\" is not created"));
}

TEST_F(ImportVerbTest, DataIsOnlyTheResources) {
  EXPECT_EQ(Import({"-", "--output", "json"}, R"([{"Name":"X","AddressSpaces":["*"]}])"), 0)
      << err();
  EXPECT_THAT(out(), StartsWith("[{"));
  EXPECT_THAT(err(), HasSubstr("Send connector \"X\" created"));
}

TEST_F(ImportVerbTest, WrongWordsAreNamed) {
  EXPECT_EQ(Import({kSample, "-Without", "Colour", "-Usage", "Other"}), 2);
  EXPECT_THAT(err(), HasSubstr("-Without: \"Colour\": is no parameter of a Send connector"));
  EXPECT_THAT(err(), HasSubstr("-Usage: \"Other\": is Custom, Internal"));
  EXPECT_EQ(Import({"/nowhere.json"}), 1);
  EXPECT_THAT(err(), HasSubstr("/nowhere.json: the file cannot be read"));
}

TEST_F(ImportVerbTest, StrangersCannotBreakTheTerminal) {
  Import({"-"}, "{\"Name\":\"X\\u001b[2J\",\"AddressSpaces\":[\"*\"],\"\\u001b]0;x\":1}");
  EXPECT_THAT(base::Cat(out(), err()), Not(HasSubstr("\x1B")));
}

TEST(ExportedObjects, OneOrManyInEveryEncoding) {
  EXPECT_EQ(ExportedObjects(R"({"Name":"X"})")->size(), 1u);
  EXPECT_EQ(ExportedObjects(R"([{"Name":"X"},{"Name":"Y"}])")->size(), 2u);
  EXPECT_EQ(ExportedObjects(R"({"value":[{"Name":"X"},{"Name":"Y"}],"Count":2})")->size(), 2u);
  std::ifstream file(kSample, std::ios::binary);
  std::stringstream sample;
  sample << file.rdbuf();
  EXPECT_EQ(ExportedObjects(sample.str())->size(), 3u);
  EXPECT_EQ(ExportedObjects(base::Cat("\xEF\xBB\xBF", sample.str()))->size(), 3u);
  std::string wide = "\xFF\xFE";
  for (const char c : std::string(R"({"Name":"X"})"))
    wide += {c, '\0'};
  EXPECT_EQ(ExportedObjects(wide)->size(), 1u);
}

TEST(ExportedObjects, WhatIsNoExportIsNamed) {
  const auto rule = [](std::string_view bytes) {
    return std::string(ExportedObjects(bytes).status().message());
  };
  EXPECT_THAT(rule("Name : X"), HasSubstr("is not JSON"));
  EXPECT_THAT(rule(""), HasSubstr("is not JSON"));
  EXPECT_THAT(rule("[]"), HasSubstr("holds no connector"));
  EXPECT_THAT(rule("5"), HasSubstr("holds no connector"));
  EXPECT_THAT(rule("[1]"), HasSubstr("something else than objects"));
  EXPECT_THAT(rule(std::string(100'000, '[')), HasSubstr("is not JSON"));
}

}  // namespace
}  // namespace postern::cli
