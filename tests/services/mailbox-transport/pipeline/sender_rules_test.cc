#include "services/mailbox-transport/pipeline/sender_rules.h"

#include "gtest/gtest.h"

namespace postern::pipeline {
namespace {

directory::SnapshotParts Parts() {
  directory::SnapshotParts parts;
  directory::AcceptedDomain domain;
  domain.name = "contoso";
  domain.domain_name = "contoso.test";
  domain.is_default = true;
  parts.domains.push_back(domain);
  parts.config.external_dsn_send_html = false;
  parts.config.internal_dsn_max_message_attach_size = 5;
  parts.config.internal_dsn_reporting_authority = "in.contoso.test";
  return parts;
}

settle::SenderRules RulesOf(directory::SnapshotParts parts,
                            const settle::SettleSettings& settings = {}) {
  return SenderRulesOf(std::make_shared<const directory::Snapshot>(std::move(parts)), settings);
}

TEST(SenderRulesTest, AcceptedDomainsAreInternal) {
  const settle::SenderRules rules = RulesOf(Parts());
  EXPECT_EQ(&rules.For("ann@contoso.test"), &rules.internal);
  EXPECT_EQ(&rules.For("ann@CONTOSO.test"), &rules.internal);
  EXPECT_EQ(&rules.For("eve@elsewhere.test"), &rules.external);
  EXPECT_EQ(&rules.For("no address"), &rules.external);
  EXPECT_EQ(rules.internal.max_message_attach_size, 5u);
  EXPECT_EQ(rules.internal.reporting_authority, "in.contoso.test");
  EXPECT_TRUE(rules.internal.send_html);
  EXPECT_FALSE(rules.external.send_html);
}

TEST(SenderRulesTest, ThePostmasterIsTheDirectorysThenTheServersThenOfTheDefaultDomain) {
  EXPECT_EQ(RulesOf(Parts()).external.postmaster_address, "postmaster@contoso.test");
  settle::SettleSettings settings;
  settings.external_postmaster_address.value = "own@contoso.test";
  EXPECT_EQ(RulesOf(Parts(), settings).external.postmaster_address, "own@contoso.test");
  directory::SnapshotParts parts = Parts();
  parts.config.external_postmaster_address = "pm@contoso.test";
  EXPECT_EQ(RulesOf(parts, settings).external.postmaster_address, "pm@contoso.test");
  EXPECT_EQ(RulesOf(parts, settings).internal.postmaster_address, "pm@contoso.test");
}

}  // namespace
}  // namespace postern::pipeline
