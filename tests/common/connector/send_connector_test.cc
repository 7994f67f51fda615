#include "common/connector/send_connector.h"

#include <set>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

#include "common/base/units.h"

namespace postern::connector {
namespace {

using ::testing::ElementsAre;

v1::SendConnector SmallestResource() {
  v1::SendConnector resource;
  resource.mutable_metadata()->set_name("internet");
  resource.mutable_spec()->set_name("Internet");
  resource.mutable_spec()->add_address_spaces("*");
  resource.mutable_spec()->add_source_transport_servers("MBX-0");
  return resource;
}

TEST(SendConnectorTest, FillsInExchangesDefaults) {
  const auto connector = FromResource(SmallestResource());
  ASSERT_TRUE(connector.ok()) << connector.status();
  EXPECT_TRUE(connector->enabled);
  EXPECT_TRUE(connector->dns_routing_enabled);
  EXPECT_FALSE(connector->frontend_proxy_enabled);
  EXPECT_FALSE(connector->require_tls);
  EXPECT_FALSE(connector->ignore_start_tls);
  EXPECT_FALSE(connector->force_helo);
  EXPECT_EQ(connector->port, 25);
  EXPECT_EQ(connector->fqdn, "");
  EXPECT_EQ(connector->max_message_size, 25u * 1024 * 1024);
  EXPECT_EQ(connector->smtp_max_messages_per_connection, 20u);
  EXPECT_EQ(connector->connection_inactivity_timeout, absl::Minutes(10));
  EXPECT_THAT(connector->source_transport_servers, ElementsAre("mbx-0"));
  EXPECT_EQ(connector->slug, "internet");
  EXPECT_EQ(connector->version.size(), 16u);
}

TEST(SendConnectorTest, AResourceShowsEveryDefault) {
  const auto resource = ToResource(*FromResource(SmallestResource()));
  EXPECT_EQ(resource.api_version(), "postern.dev/v1");
  EXPECT_EQ(resource.kind(), "SendConnector");
  EXPECT_TRUE(resource.spec().has_enabled());
  EXPECT_TRUE(resource.spec().has_port());
  EXPECT_EQ(resource.spec().max_message_size(), "25MB");
  EXPECT_EQ(resource.spec().connection_inactivity_timeout(), "00:10:00");
  EXPECT_EQ(resource.spec().smtp_max_messages_per_connection(), 20);
  EXPECT_EQ(resource.spec().address_spaces(0), "SMTP:*;1");
}

TEST(SendConnectorTest, EveryFieldSurvivesTheWayThereAndBack) {
  v1::SendConnector resource = SmallestResource();
  v1::SendConnectorSpec& spec = *resource.mutable_spec();
  spec.set_enabled(false);
  spec.add_address_spaces("X400:o=a;c=us;3");
  spec.set_dns_routing_enabled(false);
  spec.add_smart_hosts("Mail.Contoso.com");
  spec.add_smart_hosts("10.1.1.1");
  spec.set_port(2525);
  spec.set_frontend_proxy_enabled(true);
  spec.set_fqdn("OUT.contoso.com");
  spec.set_max_message_size("unlimited");
  spec.set_ignore_start_tls(true);
  spec.set_force_helo(true);
  spec.set_smtp_max_messages_per_connection(0);
  spec.set_connection_inactivity_timeout("00:00:01");
  spec.add_source_transport_servers("site/main");
  spec.set_comment("two\nlines");
  const auto first = FromResource(resource);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->fqdn, "out.contoso.com");
  EXPECT_EQ(first->max_message_size, base::kUnlimited);
  const auto second = FromResource(ToResource(*first));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(*first, *second);
}

void SetSmartHostFields(v1::SendConnectorSpec& spec) {
  spec.set_dns_routing_enabled(false);
  spec.add_smart_hosts("relay.contoso.com");
  spec.set_port(587);
  spec.set_require_tls(true);
  spec.set_tls_auth_level("DomainValidation");
  spec.set_tls_domain("*.Contoso.com");
  spec.set_tls_certificate_name("<I>CN=CA<S>CN=mail.contoso.com");
  spec.set_smart_host_auth_mechanism("basicauthrequiretls");
  spec.mutable_authentication_credential()->set_secret_name("relay");
}

void SetOtherFields(v1::SendConnectorSpec& spec) {
  spec.set_enabled(false);
  spec.set_usage("internet");
  spec.set_fqdn("out.contoso.com");
  spec.set_max_message_size("10MB");
  spec.set_frontend_proxy_enabled(true);
  spec.set_smtp_max_messages_per_connection(7);
  spec.set_connection_inactivity_timeout("00:01:00");
  spec.set_comment("a comment");
  spec.set_cloud_services_mail_enabled(true);
  spec.set_connector_type("xpremises");
  spec.set_revocation_soft_fail(false);
  spec.add_error_policies("DowngradeCustomFailures");
  spec.set_is_scoped_connector(true);
  spec.set_protocol_logging_level("verbose");
  spec.set_source_ip_address("192.0.2.7");
  spec.set_use_external_dns_servers_enabled(true);
  v1::Grant& grant = *spec.mutable_permissions()->add_grants();
  grant.set_user("Partner Servers");
  grant.add_extended_rights("ms-exch-send-headers-forest");
  grant.set_deny(true);
}

TEST(SendConnectorTest, EveryParameterIsKept) {
  v1::SendConnector resource = SmallestResource();
  SetSmartHostFields(*resource.mutable_spec());
  SetOtherFields(*resource.mutable_spec());
  const auto connector = FromResource(resource);
  ASSERT_TRUE(connector.ok()) << connector.status();
  const v1::SendConnector smallest = ToResource(*FromResource(SmallestResource()));
  const v1::SendConnector kept = ToResource(*connector);
  // These are there to be refused, or need what the others exclude.
  const std::set<std::string> without = {"is_coexistence_connector",
                                         "linked_receive_connector",
                                         "require_oorg",
                                         "ignore_start_tls",
                                         "force_helo",
                                         "allow_policy_override",
                                         "egress",
                                         "domain_secure_enabled"};
  const auto* type = v1::SendConnectorSpec::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const std::string name = type->field(i)->name();
    if (without.count(name) != 0) continue;
    google::protobuf::util::MessageDifferencer differencer;
    const bool same = differencer.CompareWithFields(kept.spec(), smallest.spec(), {type->field(i)},
                                                    {type->field(i)});
    const bool given =
        name != "name" && name != "address_spaces" && name != "source_transport_servers";
    EXPECT_EQ(same, !given) << name;
  }
  EXPECT_EQ(kept.spec().tls_domain(), "*.contoso.com");
  EXPECT_EQ(*FromResource(kept), *connector);
}

TEST(SendConnectorTest, TlsDomainsAndSourceAddressesHaveOneForm) {
  EXPECT_EQ(*ParseTlsDomain(" *.B\u00fccher.example. "), "*.xn--bcher-kva.example");
  EXPECT_EQ(*ParseTlsDomain("Contoso.com"), "contoso.com");
  for (const char* text : {"", "*", "*.", "*contoso.com", "a.*.b", "[192.0.2.1]"})
    EXPECT_FALSE(ParseTlsDomain(text).ok()) << text;
  for (const char* any : {"", "0.0.0.0", "::"})
    EXPECT_EQ(*ParseSourceAddress(any), std::nullopt) << any;
  EXPECT_EQ((*ParseSourceAddress("2001:DB8::1"))->ToString(), "2001:db8::1");
  EXPECT_FALSE(ParseSourceAddress("mail.contoso.com").ok());
}

TEST(SendConnectorTest, SizesAreRoundedUpToKilobytes) {
  v1::SendConnector resource = SmallestResource();
  resource.mutable_spec()->set_max_message_size("1025");
  EXPECT_EQ(FromResource(resource)->max_message_size, 2048u);
  resource.mutable_spec()->set_max_message_size("0");
  EXPECT_EQ(FromResource(resource)->max_message_size, 0u);
  resource.mutable_spec()->set_max_message_size("2147483647");
  const auto most = FromResource(resource);
  ASSERT_TRUE(most.ok());
  EXPECT_TRUE(FromResource(ToResource(*most)).ok());
}

TEST(SendConnectorTest, TheVersionIsOfTheContentNotOfItsSpelling) {
  v1::SendConnector other = SmallestResource();
  other.mutable_spec()->set_address_spaces(0, "smtp:*;1");
  other.mutable_spec()->set_port(25);
  EXPECT_EQ(FromResource(SmallestResource())->version, FromResource(other)->version);
  other.mutable_spec()->set_port(26);
  EXPECT_NE(FromResource(SmallestResource())->version, FromResource(other)->version);
}

TEST(SendConnectorTest, ABadResourceIsRefusedWithAllItsFaults) {
  v1::SendConnector resource = SmallestResource();
  resource.mutable_spec()->set_port(70000);
  resource.mutable_spec()->clear_name();
  const auto connector = FromResource(resource);
  ASSERT_FALSE(connector.ok());
  EXPECT_EQ(connector.status().message(),
            "spec.name: a Send connector has a name\n"
            "spec.port: \"70000\": a port is a number from 0 to 65535");
}

struct SmartHostRow {
  const char* text;
  const char* host;  // null: refused
};

TEST(SendConnectorTest, SmartHostsHaveOneForm) {
  constexpr SmartHostRow kRows[] = {
      {"Mail.Contoso.COM", "mail.contoso.com"},
      {"mail.contoso.com.", "mail.contoso.com"},
      {"relay", "relay"},
      {"bücher.example", "xn--bcher-kva.example"},
      {"10.1.1.1", "[10.1.1.1]"},
      {"[10.1.1.1]", "[10.1.1.1]"},
      {"2001:DB8::1", "[IPv6:2001:db8::1]"},
      {"[2001:db8::1]", "[IPv6:2001:db8::1]"},
      {"[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"},
      {"[mail.contoso.com]", nullptr},
      {"10.1.1", nullptr},
      {"", nullptr},
      {"a b", nullptr},
      {"--", nullptr},
  };
  for (const SmartHostRow& row : kRows) {
    const auto host = ParseSmartHost(row.text);
    ASSERT_EQ(host.ok(), row.host != nullptr) << row.text;
    if (host.ok()) {
      EXPECT_EQ(*host, row.host);
    }
  }
}

TEST(SendConnectorTest, ASourceIsAServerOrAllOfASite) {
  EXPECT_EQ(SiteIn("site/main"), "main");
  EXPECT_EQ(SiteIn("site/"), "");
  EXPECT_EQ(SiteIn("mbx-0"), std::nullopt);
  EXPECT_EQ(SourceOfSite("main"), "site/main");
}

}  // namespace
}  // namespace postern::connector
