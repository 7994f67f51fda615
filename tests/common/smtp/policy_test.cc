#include "common/smtp/policy.h"

#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

TEST(PolicyTest, EveryRuleThatNeedsTlsDemandsIt) {
  ConnectorPolicy policy;
  EXPECT_FALSE(policy.tls_required());
  policy.auth = SmartHostAuth::kBasicAuth;
  EXPECT_FALSE(policy.tls_required());
  for (const auto auth : {SmartHostAuth::kBasicAuthRequireTls, SmartHostAuth::kExchangeServer}) {
    policy.auth = auth;
    EXPECT_TRUE(policy.tls_required()) << NameOf(auth);
  }
  policy = ConnectorPolicy();
  policy.domain_secure = true;
  EXPECT_TRUE(policy.tls_required());
  policy = ConnectorPolicy();
  policy.require_tls = true;
  EXPECT_TRUE(policy.tls_required());
  policy = ConnectorPolicy();
  policy.tls_auth_level = TlsAuthLevel::kEncryptionOnly;
  EXPECT_TRUE(policy.tls_required());
}

TEST(PolicyTest, TheFirewallGoesByWhatTheRemoteProved) {
  ConnectorPolicy policy;
  policy.grants[static_cast<std::size_t>(Principal::kPartner)].routing = true;
  EXPECT_FALSE(policy.FirewallFor(Principal::kAnonymous).rights.routing);
  EXPECT_TRUE(policy.FirewallFor(Principal::kPartner).rights.routing);
  EXPECT_EQ(policy.FirewallFor(Principal::kPartner).cross_premises, mail::CrossPremises::kRemove);
  policy.cloud_services_mail = true;
  EXPECT_EQ(policy.FirewallFor(Principal::kPartner).cross_premises, mail::CrossPremises::kPromote);
}

}  // namespace
}  // namespace postern::smtp
