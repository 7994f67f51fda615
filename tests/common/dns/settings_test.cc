#include "common/dns/settings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::dns {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Protocol = CaresResolver::Protocol;

class DnsSettingsTest : public ::testing::Test {
 protected:
  CachedResolver::Options Internal() { return *InternalResolver(settings_, servers_); }

  std::optional<CachedResolver::Options> External() {
    return *ExternalResolver(settings_, servers_, external_);
  }

  DnsSettings settings_;
  ServersSetting servers_{.key = "deliver.dns_servers", .value = {"127.0.0.1:53"}};
  ServersSetting external_{.key = "deliver.external_dns_servers"};
};

TEST_F(DnsSettingsTest, TheFallbacksAreExchanges) {
  const CachedResolver::Options options = Internal();
  EXPECT_THAT(options.network.servers, ElementsAre("127.0.0.1:53"));
  EXPECT_EQ(options.network.protocol, Protocol::kAny);
  EXPECT_EQ(options.network.families, CaresResolver::Families::kAny);
  EXPECT_EQ(options.name, "internal");
  EXPECT_EQ(options.network.per_server_timeout, absl::Seconds(5));
  EXPECT_EQ(options.network.query_timeout, absl::Minutes(1));
  EXPECT_EQ(options.trust_ad, TrustAd::kAuto);
  EXPECT_FALSE(options.trust_ad_remote);
  const LookupRules rules = *RulesOf(settings_);
  EXPECT_TRUE(rules.lenient && rules.balanced);
  for (const char* text : {"127.0.0.9", "0.0.0.0", "169.254.169.254", "224.0.0.1",
                           "255.255.255.255", "::1", "::", "fe80::1", "ff02::1"})
    EXPECT_TRUE(io::AnyContains(rules.refused, *io::IpAddress::Parse(text))) << text;
  for (const char* text : {"10.0.0.1", "192.0.2.1", "223.255.255.255", "2001:db8::1", "fd00::1"})
    EXPECT_FALSE(io::AnyContains(rules.refused, *io::IpAddress::Parse(text))) << text;
}

TEST_F(DnsSettingsTest, TheExternalResolverIsOneOfItsOwnOnlyWhereItDiffers) {
  EXPECT_FALSE(External().has_value());
  settings_.external_protocol.value = "UseTcpOnly";
  EXPECT_EQ(External()->network.protocol, Protocol::kTcpOnly);
  EXPECT_THAT(External()->network.servers, ElementsAre("127.0.0.1:53"));
  EXPECT_EQ(External()->servers_key, "deliver.dns_servers");
  settings_.protocol.value = "UseTcpOnly";
  EXPECT_FALSE(External().has_value());
  settings_.external_trust_ad.value = "no";
  EXPECT_EQ(External()->trust_ad, TrustAd::kNo);
  settings_.external_trust_ad.value = "auto";
  external_.value = {"192.0.2.53"};
  EXPECT_THAT(External()->network.servers, ElementsAre("192.0.2.53"));
  EXPECT_EQ(External()->servers_key, "deliver.external_dns_servers");
  EXPECT_EQ(External()->trust_ad_key, "dns.external_trust_ad");
}

TEST_F(DnsSettingsTest, EveryWordHasItsMeaningInAnyCase) {
  settings_.protocol.value = "useudponly";
  settings_.address_families.value = "IPv4";
  settings_.trust_ad.value = "Yes";
  settings_.trust_ad_remote.value = true;
  settings_.server_timeout.value = absl::Seconds(2);
  settings_.query_timeout.value = absl::Seconds(9);
  const CachedResolver::Options options = Internal();
  EXPECT_EQ(options.network.protocol, Protocol::kUdpOnly);
  EXPECT_EQ(options.network.families, CaresResolver::Families::kIpv4);
  EXPECT_EQ(options.trust_ad, TrustAd::kYes);
  EXPECT_TRUE(options.trust_ad_remote);
  EXPECT_EQ(options.network.per_server_timeout, absl::Seconds(2));
  EXPECT_EQ(options.network.query_timeout, absl::Seconds(9));
  settings_.fault_tolerance.value = "NORMAL";
  settings_.smart_hosts.value = "ordered";
  const LookupRules rules = *RulesOf(settings_);
  EXPECT_FALSE(rules.lenient || rules.balanced);
}

TEST_F(DnsSettingsTest, AnotherWordIsRefusedWithThoseThatThereAre) {
  settings_.trust_ad.value = "maybe";
  EXPECT_EQ(InternalResolver(settings_, servers_).status().message(),
            "dns.trust_ad: \"maybe\" is not auto or yes or no");
  EXPECT_FALSE(ExternalResolver(settings_, servers_, external_).ok());
  settings_.trust_ad.value = "auto";
  settings_.address_families.value = "inet6";
  EXPECT_EQ(InternalResolver(settings_, servers_).status().message(),
            "dns.address_families: \"inet6\" is not any or ipv4 or ipv6");
  settings_.address_families.value = "any";
  settings_.external_protocol.value = "";
  EXPECT_THAT(std::string(ExternalResolver(settings_, servers_, external_).status().message()),
              HasSubstr("dns.external_protocol: \"\" is not Any or UseTcpOnly or UseUdpOnly"));
  settings_.refused_networks.value = {"10.0.0.0/8", "here"};
  EXPECT_THAT(std::string(RulesOf(settings_).status().message()),
              HasSubstr("dns.refused_networks: "));
  settings_.refused_networks.value = {};
  EXPECT_TRUE(RulesOf(settings_)->refused.empty());
  settings_.fault_tolerance.value = "strict";
  EXPECT_TRUE(absl::IsInvalidArgument(RulesOf(settings_).status()));
  settings_.fault_tolerance.value = "Normal";
  settings_.smart_hosts.value = "random";
  EXPECT_TRUE(absl::IsInvalidArgument(RulesOf(settings_).status()));
}

}  // namespace
}  // namespace postern::dns
