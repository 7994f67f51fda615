#include "cli/cmdlets.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

const Parameter& NamedOf(const Cmdlet& cmdlet, std::string_view name) {
  for (const Parameter* parameter : ParametersOf(cmdlet)) {
    if (parameter->name == name) return *parameter;
  }
  ADD_FAILURE() << cmdlet.name << " has no " << name;
  return *ParametersOf(cmdlet).front();
}

TEST(Cmdlets, AreFoundByNameOrExchangesWord) {
  EXPECT_EQ(FindCmdlet("new-sendconnector")->name, "New-SendConnector");
  EXPECT_EQ(FindCmdlet("Set-AdSite")->name, "Set-Site");
  EXPECT_EQ(FindCmdlet("Get-TransportService")->kind, "TransportServer");
  EXPECT_EQ(FindCmdlet("Get-Mailbox"), nullptr);
  EXPECT_EQ(FindCmdlet(""), nullptr);
}

TEST(Cmdlets, NoNameStandsForTwo) {
  std::set<std::string> names;
  for (const Cmdlet& cmdlet : Cmdlets()) {
    EXPECT_TRUE(names.insert(base::LowerAscii(cmdlet.name)).second) << cmdlet.name;
    if (cmdlet.alias.empty()) continue;
    EXPECT_TRUE(names.insert(base::LowerAscii(cmdlet.alias)).second) << cmdlet.alias;
  }
}

TEST(Cmdlets, NoLineTakesTwoParametersOfOneName) {
  for (const Cmdlet& cmdlet : Cmdlets()) {
    std::set<std::string> names;
    for (const Parameter* parameter : ParametersOf(cmdlet))
      EXPECT_TRUE(names.insert(base::LowerAscii(parameter->name)).second)
          << cmdlet.name << " -" << parameter->name;
    const std::string_view positional = PositionalOf(cmdlet);
    if (positional.empty()) continue;
    EXPECT_EQ(NamedOf(cmdlet, positional).name, positional);
  }
}

TEST(Cmdlets, EveryChangeCanBeTriedAndConfirmed) {
  for (const char* name : {"New-Site", "Set-SendConnector", "Remove-AcceptedDomain",
                           "Enable-SendConnector", "Add-ADPermission", "Import-SendConnector"}) {
    const Cmdlet& cmdlet = *FindCmdlet(name);
    EXPECT_EQ(NamedOf(cmdlet, "WhatIf").form, Parameter::Form::kSwitch) << name;
    EXPECT_EQ(NamedOf(cmdlet, "Confirm").form, Parameter::Form::kSwitch) << name;
  }
}

TEST(Cmdlets, WhatSetMayNotChangeIsSaid) {
  const Cmdlet& set = *FindCmdlet("Set-SendConnector");
  EXPECT_THAT(std::string(RefusalOf(set, NamedOf(set, "Usage"))), HasSubstr("cannot be changed"));
  EXPECT_THAT(std::string(RefusalOf(set, NamedOf(set, "Partner"))), HasSubstr("cannot be changed"));
  EXPECT_EQ(RefusalOf(set, NamedOf(set, "Name")), "");
  const Cmdlet& site = *FindCmdlet("Set-Site");
  EXPECT_THAT(std::string(RefusalOf(site, NamedOf(site, "Name"))), HasSubstr("New-"));
}

TEST(Cmdlets, WhatIsASettingOfTheServerIsRefusedWithItsName) {
  const Cmdlet& set = *FindCmdlet("Set-TransportService");
  const std::pair<const char*, const char*> rows[] = {
      {"MaxOutboundConnections", "queue.max_outbound_connections"},
      {"MaxPerDomainOutboundConnections", "queue.max_per_domain_outbound_connections"},
      {"MessageExpirationTimeout", "queue.message_expiration_timeout"},
      {"TransientFailureRetryCount", "queue.transient_failure_retry_count"},
      {"ExternalDNSServers", "deliver.external_dns_servers"},
      {"MessageTrackingLogMaxAge", "message_tracking_log.max_age"},
      {"MaxConnectionRatePerMinute", "accept.max_inbound_connections"}};
  for (const auto& [parameter, setting] : rows)
    EXPECT_THAT(std::string(RefusalOf(set, NamedOf(set, parameter))), HasSubstr(setting));
}

TEST(Cmdlets, RequiredIsWhatNamesTheResource) {
  const Cmdlet& create = *FindCmdlet("New-SendConnector");
  EXPECT_TRUE(IsRequired(create, NamedOf(create, "Name")));
  EXPECT_FALSE(IsRequired(create, NamedOf(create, "Port")));
  const Cmdlet& get = *FindCmdlet("Get-SendConnector");
  EXPECT_FALSE(IsRequired(get, NamedOf(get, "Identity")));
  const Cmdlet& remove = *FindCmdlet("Remove-SendConnector");
  EXPECT_TRUE(IsRequired(remove, NamedOf(remove, "Identity")));
  const Cmdlet& grant = *FindCmdlet("Add-ADPermission");
  EXPECT_TRUE(IsRequired(grant, NamedOf(grant, "User")));
}

}  // namespace
}  // namespace postern::cli
