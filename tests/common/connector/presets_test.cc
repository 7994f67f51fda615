#include "common/connector/presets.h"

#include "gtest/gtest.h"

#include "common/base/units.h"
#include "common/connector/send_connector.h"
#include "tests/common/connector/good_connector.h"

namespace postern::connector {
namespace {

using testing::GoodConnector;
using testing::SmartHost;

SendConnector Of(const std::string& usage, void (*change)(v1::SendConnectorSpec&) = nullptr) {
  v1::SendConnector resource = GoodConnector();
  resource.mutable_spec()->set_usage(usage);
  if (change != nullptr) change(*resource.mutable_spec());
  const auto connector = FromResource(resource);
  EXPECT_TRUE(connector.ok()) << connector.status();
  return connector.value_or(SendConnector());
}

TEST(PresetsTest, APartnerIsReachedByTlsWithItsDomainChecked) {
  const SendConnector partner = Of("Partner");
  EXPECT_TRUE(partner.require_tls);
  EXPECT_EQ(partner.tls_auth_level, smtp::TlsAuthLevel::kDomainValidation);
  EXPECT_TRUE(partner.dns_routing_enabled);
  EXPECT_FALSE(partner.domain_secure_enabled);
  EXPECT_EQ(partner.permissions, DefaultPermissions(Usage::kPartner));
}

TEST(PresetsTest, WhatIsSaidIsNotPreset) {
  const SendConnector clear = Of("Partner", [](auto& s) { s.set_require_tls(false); });
  EXPECT_FALSE(clear.require_tls);
  EXPECT_EQ(clear.tls_auth_level, smtp::TlsAuthLevel::kNone);
  const SendConnector weaker = Of("Partner", [](auto& s) { s.set_tls_auth_level("None"); });
  EXPECT_TRUE(weaker.require_tls);
  EXPECT_EQ(weaker.tls_auth_level, smtp::TlsAuthLevel::kNone);
}

TEST(PresetsTest, InternalMailHasNoSizeLimitAndExchangesAuthentication) {
  const SendConnector internal = Of("Internal", [](auto& s) { SmartHost(s, "ex.contoso.com"); });
  EXPECT_EQ(internal.max_message_size, base::kUnlimited);
  EXPECT_EQ(internal.smart_host_auth_mechanism, smtp::SmartHostAuth::kExchangeServer);
  EXPECT_EQ(Of("Internal").smart_host_auth_mechanism, smtp::SmartHostAuth::kNone);
  for (const char* usage : {"Custom", "Internet", "Partner", ""}) {
    EXPECT_EQ(Of(usage).max_message_size, kMaxMessageSizeDefault) << usage;
  }
}

TEST(PresetsTest, PermissionsThatAreGivenStandForThemselves) {
  EXPECT_TRUE(Of("Internet", [](auto& s) { s.mutable_permissions(); }).permissions.empty());
  EXPECT_EQ(Of("").usage, Usage::kCustom);
}

TEST(PresetsTest, AResourceWithItsPresetsWrittenOutMeansTheSame) {
  for (const char* usage : {"Custom", "Internal", "Internet", "Partner"}) {
    const SendConnector connector = Of(usage);
    const auto again = FromResource(ToResource(connector));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(*again, connector) << usage;
  }
}

}  // namespace
}  // namespace postern::connector
