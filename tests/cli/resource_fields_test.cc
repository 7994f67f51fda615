#include "cli/resource_fields.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ResourceFields, EveryKindHasTheSameParts) {
  for (const char* kind : {"SendConnector", "Site", "SiteLink", "TransportServer", "AcceptedDomain",
                           "TransportConfig"}) {
    v1::Resource resource = NewResource(kind);
    EXPECT_FALSE(HoldsNone(resource));
    EXPECT_EQ(KindOf(resource), kind);
    MetadataOf(resource).set_name("one");
    EXPECT_EQ(NameOf(resource), "one") << kind;
    EXPECT_FALSE(ReadyOf(resource).has_value());
  }
  EXPECT_TRUE(HoldsNone(v1::Resource()));
  EXPECT_EQ(NewResource("Site").site().api_version(), "postern.dev/v1");
}

TEST(ResourceFields, AConnectorGoesByItsExchangeName) {
  v1::Resource resource = NewResource("SendConnector");
  MetadataOf(resource).set_name("to-contoso");
  resource.mutable_send_connector()->mutable_spec()->set_name("To Contoso");
  EXPECT_EQ(NameOf(resource), "To Contoso");
}

TEST(ResourceFields, TextsAreSetAndReadByTheFieldsType) {
  v1::SendConnectorSpec spec;
  const auto round = [&spec](const char* name, const std::vector<std::string>& texts) {
    const FieldDescriptor& field = *FindField(spec, name);
    SetTexts(spec, field, texts);
    EXPECT_EQ(TextsOf(spec, field), texts) << name;
  };
  round("enabled", {"false"});
  round("port", {"587"});
  round("fqdn", {"mail.contoso.com"});
  round("smartHosts", {"a", "b"});
  round("authenticationCredential", {"smart-host"});
  EXPECT_FALSE(spec.enabled());
  EXPECT_EQ(spec.port(), 587);
  EXPECT_THAT(spec.smart_hosts(), ElementsAre("a", "b"));
  EXPECT_EQ(spec.authentication_credential().secret_name(), "smart-host");
  round("port", {});
  EXPECT_FALSE(spec.has_port());
  EXPECT_THAT(TextsOf(spec, *FindField(spec, "requireTls")), IsEmpty());
  EXPECT_EQ(FindField(spec, "smart_hosts"), nullptr);
  EXPECT_EQ(MaskPathOf(*FindField(spec, "dnsRoutingEnabled")), "spec.dns_routing_enabled");
}

TEST(ResourceFields, ServersPartIsLeftOut) {
  v1::Resource resource = NewResource("Site");
  MetadataOf(resource).set_name("site-a");
  MetadataOf(resource).set_resource_version("abc");
  v1::Condition& ready = *resource.mutable_site()->mutable_status()->add_conditions();
  ready.set_type("Ready");
  ready.set_status("False");
  EXPECT_EQ(ReadyOf(resource)->status(), "False");
  const v1::Resource plain = WithoutServerPart(resource);
  EXPECT_EQ(MetadataOf(plain).name(), "site-a");
  EXPECT_EQ(MetadataOf(plain).resource_version(), "");
  EXPECT_FALSE(plain.site().has_status());
}

TEST(ResourceFields, SlugsKeepLettersAndDigits) {
  EXPECT_EQ(SlugOf("Default-First-Site-Name"), "default-first-site-name");
  EXPECT_EQ(SlugOf("Fabrikam, Inc."), "fabrikam-inc");
  EXPECT_EQ(SlugOf("contoso.com"), "contoso-com");
  EXPECT_EQ(SlugOf("--"), "");
  EXPECT_EQ(SlugOf(std::string(80, 'a')).size(), 63u);
}

}  // namespace
}  // namespace postern::cli
