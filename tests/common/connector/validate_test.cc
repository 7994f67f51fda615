#include "common/connector/validate.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/common/connector/good_connector.h"

namespace postern::connector {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Spec = v1::SendConnectorSpec;
using testing::GoodConnector;
using testing::SmartHost;

struct BrokenFrame {
  const char* fact;
  std::function<void(v1::SendConnector&)> change;
  const char* path;
  const char* rule;
};

const std::vector<BrokenFrame> kBrokenRules = {
    {"version", [](auto& c) { c.set_api_version("v2"); }, "apiVersion", "postern.dev/v1"},
    {"kind", [](auto& c) { c.set_kind("Site"); }, "kind", "SendConnector"},
    {"no slug", [](auto& c) { c.clear_metadata(); }, "metadata.name", "1 to 63"},
    {"slug case", [](auto& c) { c.mutable_metadata()->set_name("Internet"); }, "metadata.name",
     "lower-case"},
    {"slug end", [](auto& c) { c.mutable_metadata()->set_name("internet-"); }, "metadata.name",
     "at an end"},
    {"slug length", [](auto& c) { c.mutable_metadata()->set_name(std::string(64, 'a')); },
     "metadata.name", "1 to 63"},
    {"no name", [](auto& c) { c.mutable_spec()->clear_name(); }, "spec.name", "has a name"},
    {"long name", [](auto& c) { c.mutable_spec()->set_name(std::string(65, 'a')); }, "spec.name",
     "64 characters"},
    {"name control", [](auto& c) { c.mutable_spec()->set_name("a\nb"); }, "spec.name", "control"},
    {"name space", [](auto& c) { c.mutable_spec()->set_name(" a"); }, "spec.name", "space"},
    {"name slash", [](auto& c) { c.mutable_spec()->set_name("a\\b"); }, "spec.name", "\\"},
    {"no spaces", [](auto& c) { c.mutable_spec()->clear_address_spaces(); }, "spec.addressSpaces",
     "at least one"},
    {"bad space", [](auto& c) { c.mutable_spec()->add_address_spaces("*contoso.com"); },
     "spec.addressSpaces[1]", "whole first label"},
    {"same space twice", [](auto& c) { c.mutable_spec()->add_address_spaces("SMTP:*;7"); },
     "spec.addressSpaces[1]", "listed once"},
    {"other type by DNS", [](auto& c) { c.mutable_spec()->add_address_spaces("X400:c=us"); },
     "spec.addressSpaces[1]", "needs smartHosts"},
    {"smart host and DNS by default",
     [](auto& c) { c.mutable_spec()->add_smart_hosts("mail.contoso.com"); },
     "spec.dnsRoutingEnabled", "must be false"},
    {"smart host and DNS",
     [](auto& c) {
       SmartHost(*c.mutable_spec(), "mail.contoso.com");
       c.mutable_spec()->set_dns_routing_enabled(true);
     },
     "spec.dnsRoutingEnabled", "must be false"},
    {"neither", [](auto& c) { c.mutable_spec()->set_dns_routing_enabled(false); },
     "spec.smartHosts", "must name a smart host"},
    {"bad host", [](auto& c) { SmartHost(*c.mutable_spec(), "mail_host.contoso.com"); },
     "spec.smartHosts[0]", "host name"},
    {"bad address", [](auto& c) { SmartHost(*c.mutable_spec(), "10.1.1.256"); },
     "spec.smartHosts[0]", "IP address"},
    {"edge host", [](auto& c) { SmartHost(*c.mutable_spec(), "--"); }, "spec.smartHosts[0]",
     "Edge"},
    {"host with port", [](auto& c) { SmartHost(*c.mutable_spec(), "mail.contoso.com:25"); },
     "spec.smartHosts[0]", "IP address"},
    {"same host twice",
     [](auto& c) {
       SmartHost(*c.mutable_spec(), "10.1.1.1");
       c.mutable_spec()->add_smart_hosts("[10.1.1.1]");
     },
     "spec.smartHosts[1]", "listed once"},
    {"port below", [](auto& c) { c.mutable_spec()->set_port(-1); }, "spec.port", "0 to 65535"},
    {"port above", [](auto& c) { c.mutable_spec()->set_port(65536); }, "spec.port", "0 to 65535"},
    {"fqdn", [](auto& c) { c.mutable_spec()->set_fqdn("a..b"); }, "spec.fqdn", "empty label"},
    {"fqdn an address", [](auto& c) { c.mutable_spec()->set_fqdn("192.0.2.1"); }, "spec.fqdn",
     "no address"},
    {"fqdn underscore", [](auto& c) { c.mutable_spec()->set_fqdn("a_b.com"); }, "spec.fqdn",
     "host name"},
    {"size", [](auto& c) { c.mutable_spec()->set_max_message_size("25XB"); }, "spec.maxMessageSize",
     "not a size"},
    {"size above", [](auto& c) { c.mutable_spec()->set_max_message_size("2GB"); },
     "spec.maxMessageSize", "2147483647"},
    {"messages", [](auto& c) { c.mutable_spec()->set_smtp_max_messages_per_connection(-1); },
     "spec.smtpMaxMessagesPerConnection", "2147483647"},
    {"timeout", [](auto& c) { c.mutable_spec()->set_connection_inactivity_timeout("soon"); },
     "spec.connectionInactivityTimeout", "not a time span"},
    {"timeout below", [](auto& c) { c.mutable_spec()->set_connection_inactivity_timeout("500ms"); },
     "spec.connectionInactivityTimeout", "00:00:01"},
    {"timeout above",
     [](auto& c) { c.mutable_spec()->set_connection_inactivity_timeout("1.00:00:01"); },
     "spec.connectionInactivityTimeout", "1.00:00:00"},
    {"no source", [](auto& c) { c.mutable_spec()->clear_source_transport_servers(); },
     "spec.sourceTransportServers", "at least one"},
    {"bad source", [](auto& c) { c.mutable_spec()->add_source_transport_servers("site/"); },
     "spec.sourceTransportServers[1]", "site/<name>"},
    {"same source twice", [](auto& c) { c.mutable_spec()->add_source_transport_servers("MBX-0"); },
     "spec.sourceTransportServers[1]", "listed once"},
    {"comment length", [](auto& c) { c.mutable_spec()->set_comment(std::string(4097, 'x')); },
     "spec.comment", "4096"},
    {"comment control", [](auto& c) { c.mutable_spec()->set_comment("\x1b[2J"); }, "spec.comment",
     "control"},
};

TEST(ValidateTest, AGoodConnectorHasNoFindings) {
  EXPECT_THAT(Validate(GoodConnector()), IsEmpty());
}

TEST(ValidateTest, EachBrokenRuleIsOneFindingWithItsField) {
  for (const BrokenFrame& row : kBrokenRules) {
    v1::SendConnector connector = GoodConnector();
    row.change(connector);
    const auto errors = Validate(connector);
    ASSERT_THAT(errors, SizeIs(1)) << row.fact << ": " << Join(errors);
    EXPECT_EQ(errors[0].path, row.path) << row.fact;
    EXPECT_THAT(errors[0].rule, HasSubstr(row.rule)) << row.fact;
  }
}

TEST(ValidateTest, AcceptsTheBoundsThemselves) {
  v1::SendConnector connector = GoodConnector();
  Spec& spec = *connector.mutable_spec();
  spec.set_name(std::string(64, 'n'));
  spec.set_port(65535);
  spec.set_max_message_size("2147483647");
  spec.set_connection_inactivity_timeout("1.00:00:00");
  spec.set_smtp_max_messages_per_connection(0);
  EXPECT_THAT(Validate(connector), IsEmpty());
  spec.set_max_message_size("unlimited");
  spec.set_connection_inactivity_timeout("1s");
  EXPECT_THAT(Validate(connector), IsEmpty());
}

TEST(ValidateTest, ReportsAllFindingsTogether) {
  v1::SendConnector connector = GoodConnector();
  connector.mutable_spec()->set_port(70000);
  connector.mutable_spec()->set_max_message_size("big");
  connector.mutable_spec()->add_address_spaces("*x.com");
  EXPECT_THAT(Validate(connector), SizeIs(3));
}

TEST(ValidateTest, WhatIsMostLikelyNotMeantIsAWarning) {
  EXPECT_THAT(WarningsFor(GoodConnector()), IsEmpty());
  v1::SendConnector connector = GoodConnector();
  connector.mutable_spec()->set_tls_domain("contoso.com");
  connector.mutable_spec()->set_port(2525);
  connector.mutable_spec()->set_max_message_size("0");
  EXPECT_THAT(Validate(connector), IsEmpty());
  EXPECT_THAT(WarningsFor(connector), SizeIs(3));

  connector = GoodConnector();
  SmartHost(*connector.mutable_spec(), "relay.contoso.com");
  connector.mutable_spec()->set_smart_host_auth_mechanism("BasicAuth");
  connector.mutable_spec()->mutable_authentication_credential()->set_secret_name("relay");
  EXPECT_THAT(WarningsFor(connector), SizeIs(1));
  connector.mutable_spec()->set_require_tls(true);
  EXPECT_THAT(WarningsFor(connector), IsEmpty());
}

TEST(ValidateTest, AFindingNamesFieldValueAndRule) {
  EXPECT_EQ((FieldError{"spec.port", "70000", "a port"}).ToString(),
            "spec.port: \"70000\": a port");
  EXPECT_EQ((FieldError{"spec.name", "", "is missing"}).ToString(), "spec.name: is missing");
}

TEST(ValidateTest, CountsCharactersNotBytes) {
  EXPECT_EQ(CountCharacters("bücher"), 6u);
  EXPECT_EQ(CountCharacters("\xff"), std::nullopt);
}

}  // namespace
}  // namespace postern::connector
