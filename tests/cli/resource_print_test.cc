#include "cli/resource_print.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/connector/send_connector.h"
#include "common/connector/validate.h"
#include "common/directory/manifest.h"
#include "tests/cli/fake_service.h"
#include "tests/common/connector/good_connector.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<v1::Resource> TwoConnectors() {
  v1::SendConnector direct = connector::testing::GoodConnector();
  v1::SendConnector smart = direct;
  smart.mutable_metadata()->set_name("smart");
  smart.mutable_spec()->set_name("Smart");
  smart.mutable_spec()->set_enabled(false);
  smart.mutable_spec()->set_frontend_proxy_enabled(true);
  connector::testing::SmartHost(*smart.mutable_spec(), "relay.test");
  std::vector<v1::Resource> resources;
  for (const v1::SendConnector& connector : {direct, smart}) {
    v1::SendConnector shown = connector::ToResource(*connector::FromResource(connector));
    shown.mutable_metadata()->set_resource_version("v1");
    v1::Condition& ready = *shown.mutable_status()->add_conditions();
    ready.set_type("Ready");
    ready.set_status(resources.empty() ? "True" : "False");
    ready.set_reason(resources.empty() ? "" : "ServerNotFound");
    *resources.emplace_back().mutable_send_connector() = std::move(shown);
  }
  return resources;
}

std::string Printed(const std::vector<v1::Resource>& resources, View view, Output output) {
  StringShell strings;
  Shell shell = strings.shell(output);
  EXPECT_TRUE(PrintResources(resources, view, shell).ok());
  return strings.out.str();
}

TEST(ResourcePrint, ConnectorsAreATable) {
  EXPECT_EQ(Printed(TwoConnectors(), {}, Output::kTable),
            "Identity AddressSpaces Route                   Enabled Ready\n"
            "-------- ------------- -----                   ------- -----\n"
            "Internet {SMTP:*;1}    MX                      True    True\n"
            "Smart    {SMTP:*;1}    relay.test by front end False   False: ServerNotFound\n");
}

TEST(ResourcePrint, AListHasEverythingOrWhatIsChosen) {
  View list{.form = View::Form::kList};
  EXPECT_THAT(Printed(TwoConnectors(), list, Output::kTable),
              HasSubstr("SmtpMaxMessagesPerConnection : 20\n"));
  list.properties = {"name", "*hosts", "DNS*Enabled"};
  EXPECT_EQ(Printed(TwoConnectors(), list, Output::kTable),
            "Name              : Internet\n"
            "SmartHosts        : {}\n"
            "DNSRoutingEnabled : True\n"
            "\n"
            "Name              : Smart\n"
            "SmartHosts        : {relay.test}\n"
            "DNSRoutingEnabled : False\n");
  const View table{.properties = {"Name", "Port"}};
  EXPECT_THAT(Printed(TwoConnectors(), table, Output::kTable), StartsWith("Name     Port\n"));
}

TEST(ResourcePrint, TheReasonOfOneIsAPropertyOfAll) {
  const View table{.properties = {"Name", "ReadyReason"}};
  EXPECT_EQ(Printed(TwoConnectors(), table, Output::kTable),
            "Name     ReadyReason\n"
            "----     -----------\n"
            "Internet\n"
            "Smart    ServerNotFound:\n");
  const View list{.form = View::Form::kList, .properties = {"ReadyReason"}};
  auto turned = TwoConnectors();
  std::swap(turned[0], turned[1]);
  EXPECT_EQ(Printed(turned, list, Output::kTable),
            "ReadyReason : ServerNotFound:\n\nReadyReason :\n");
}

TEST(ResourcePrint, APropertyThatIsNoneIsNamed) {
  StringShell strings;
  Shell shell = strings.shell();
  const auto status =
      PrintResources(TwoConnectors(), {.form = View::Form::kList, .properties = {"Colour"}}, shell);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"Colour\" is not a property"));
}

TEST(ResourcePrint, JsonIsTheResources) {
  const std::string both = Printed(TwoConnectors(), {}, Output::kJson);
  EXPECT_THAT(both, StartsWith("[{"));
  EXPECT_THAT(both, HasSubstr("\"resourceVersion\": \"v1\""));
  EXPECT_THAT(both, HasSubstr("\"reason\": \"ServerNotFound\""));
  EXPECT_THAT(Printed({TwoConnectors()[0]}, {.one = true}, Output::kJson), StartsWith("{"));
  EXPECT_EQ(Printed({}, {}, Output::kJson), "[]\n");
}

TEST(ResourcePrint, YamlIsManifestsThatCanBeReadAgain) {
  const std::string yaml = Printed(TwoConnectors(), {}, Output::kYaml);
  EXPECT_EQ(yaml.find("status"), std::string::npos);
  EXPECT_EQ(yaml.find("resourceVersion"), std::string::npos);
  std::vector<directory::ManifestError> errors;
  const auto manifests = directory::ParseManifests("x.yaml", yaml, errors);
  EXPECT_TRUE(errors.empty()) << errors.front().ToString();
  ASSERT_EQ(manifests.size(), 2u);
  EXPECT_TRUE(connector::Validate(std::get<v1::SendConnector>(manifests[1].object)).empty());
}

TEST(ResourcePrint, DifferencesAreThreeColumns) {
  EXPECT_EQ(RenderDifferences({{"Enabled", "True", "False"}}),
            "Parameter Before After\n"
            "--------- ------ -----\n"
            "Enabled   True   False\n");
}

}  // namespace
}  // namespace postern::cli
