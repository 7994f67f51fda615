#include "common/directory/rules.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::directory {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::Site SiteWith(const std::string& front_end) {
  v1::Site site;
  site.mutable_metadata()->set_name("main");
  site.mutable_spec()->add_front_ends(front_end);
  return site;
}

TEST(RulesTest, AFrontEndIsAHostWithAPort) {
  for (const char* good : {"a:7170", "dns:///a.b:7170", "10.1.1.1:1", "[::1]:65535"}) {
    EXPECT_THAT(Validate(SiteWith(good)), IsEmpty()) << good;
  }
  for (const char* bad : {"", "a", "a:", ":7170", "a:0", "a:65536", "a b:1", "[x]:1", "[]:1",
                          "dns://a:1", "http://a:1", "::1:1"}) {
    EXPECT_THAT(Validate(SiteWith(bad)), SizeIs(1)) << bad;
  }
}

TEST(RulesTest, AFrontEndIsListedOnce) {
  v1::Site site = SiteWith("a:1");
  site.mutable_spec()->add_front_ends("A:1");
  const auto errors = Validate(site);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].path, "spec.frontEnds[1]");
}

TEST(RulesTest, AServerHasASiteAndAGoodAddress) {
  v1::TransportServer server;
  server.mutable_metadata()->set_name("mbx-0");
  EXPECT_THAT(Validate(server), SizeIs(1));
  server.mutable_spec()->set_site("main");
  EXPECT_THAT(Validate(server), IsEmpty());
  server.mutable_spec()->set_relay_address("nowhere");
  EXPECT_THAT(Validate(server), SizeIs(1));
}

TEST(RulesTest, ALinkJoinsSitesWithinItsBounds) {
  v1::SiteLink link;
  link.mutable_metadata()->set_name("a-b");
  link.mutable_spec()->add_sites("a");
  EXPECT_THAT(Validate(link), SizeIs(1));
  link.mutable_spec()->add_sites("b");
  EXPECT_THAT(Validate(link), IsEmpty());
  link.mutable_spec()->add_sites("A");
  link.mutable_spec()->set_cost(0);
  link.mutable_spec()->set_exchange_cost(100'000);
  link.mutable_spec()->set_max_message_size("63KB");
  EXPECT_THAT(Validate(link), SizeIs(4));
}

TEST(RulesTest, TheDefaultLinkNeedsNoSitesOfItsOwn) {
  v1::SiteLink link;
  link.mutable_metadata()->set_name(std::string(kDefaultSiteLink));
  link.mutable_spec()->set_cost(7);
  EXPECT_THAT(Validate(link), IsEmpty());
  link.mutable_spec()->add_sites("a");
  EXPECT_THAT(Validate(link), IsEmpty());
}

TEST(RulesTest, AnAcceptedDomainIsADomain) {
  v1::AcceptedDomain domain;
  domain.mutable_metadata()->set_name("contoso");
  domain.mutable_spec()->set_domain_name("*.contoso.com");
  EXPECT_THAT(Validate(domain), IsEmpty());
  domain.mutable_spec()->set_default_(true);
  domain.mutable_spec()->set_domain_type("Internal");
  EXPECT_THAT(Validate(domain), SizeIs(2));
  domain.mutable_spec()->set_domain_name("*");
  EXPECT_THAT(Validate(domain), SizeIs(3));
}

TEST(RulesTest, DomainSecurityHoldsToSingleDomains) {
  v1::TransportConfig config;
  config.mutable_metadata()->set_name("c");
  for (const char* domain : {"contoso.com", "*.contoso.com", "CONTOSO.com."})
    config.mutable_spec()->add_tls_send_domain_secure_list(domain);
  const auto errors = Validate(config);
  ASSERT_THAT(errors, SizeIs(2));
  EXPECT_EQ(errors[0].path, "spec.tlsSendDomainSecureList[1]");
  EXPECT_EQ(errors[1].path, "spec.tlsSendDomainSecureList[2]");
}

TEST(RulesTest, TransportConfigValuesHaveBounds) {
  v1::TransportConfig config;
  config.mutable_metadata()->set_name("c");
  EXPECT_THAT(Validate(config), IsEmpty());
  v1::TransportConfigSpec& spec = *config.mutable_spec();
  spec.set_max_receive_size("3GB");
  spec.set_max_recipient_envelope_limit(0);
  spec.set_external_postmaster_address("nobody");
  spec.set_external_dsn_reporting_authority("a b");
  spec.set_external_dsn_max_message_attach_size("x");
  spec.set_internal_dsn_reporting_authority("a b");
  spec.set_internal_dsn_max_message_attach_size("x");
  EXPECT_THAT(Validate(config), SizeIs(7));
}

TEST(RulesTest, TypedFormsSurviveTheWayThereAndBack) {
  TransportConfig config;
  config.max_receive_size = base::kUnlimited;
  config.external_delay_dsn_enabled = false;
  config.external_postmaster_address = "pm@a.b";
  config.external_dsn_send_html = false;
  config.internal_dsn_reporting_authority = "in.a.b";
  config.internal_dsn_max_message_attach_size = 7 * 1024;
  config.internal_delay_dsn_enabled = false;
  config.internal_dsn_send_html = false;
  EXPECT_EQ(ConfigFrom(ToResource(config)), config);
  config.tls_send_domain_secure_list = {"contoso.com"};
  EXPECT_EQ(ConfigFrom(ToResource(config)), config);
  const Site site{"main", {"a:1"}, "text", true, false};
  EXPECT_EQ(SiteFrom(ToResource(site)), site);
  const SiteLink link{"a-b", {"a", "b"}, 7, 9, 65536, "text"};
  EXPECT_EQ(LinkFrom(ToResource(link)), link);
  const SiteLink plain{"a-b", {"a", "b"}};
  EXPECT_EQ(LinkFrom(ToResource(plain)), plain);
  const AcceptedDomain domain{"c", "contoso.com", DomainType::kExternalRelay, true, "text"};
  EXPECT_EQ(DomainFrom(ToResource(domain)), domain);
  const TransportServer server{"mbx-0", "main", "a:2", "text"};
  EXPECT_EQ(ServerFrom(ToResource(server)), server);
}

}  // namespace
}  // namespace postern::directory
