#include "cli/permission_edit.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::cli {
namespace {

using connector::DefaultPermissions;
using connector::Right;
using connector::Usage;
using connector::User;
using connector::UserGrant;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PermissionEdit EditOf(std::string_view cmdlet, const std::vector<std::string>& words) {
  Complaints complaints;
  const CmdletLine line = Bind(*FindCmdlet(cmdlet), WordsOf(words), complaints);
  PermissionEdit edit = PermissionEditFrom(line, complaints);
  EXPECT_THAT(complaints, IsEmpty()) << connector::Join(complaints);
  return edit;
}

UserGrant Anonymous(std::vector<Right> rights, bool deny = false) {
  return {User::kAnonymousLogon, std::move(rights), deny};
}

TEST(PermissionEdit, LinesOfExchangeProceduresAreUnderstood) {
  const PermissionEdit add =
      EditOf("Add-ADPermission", {"-Identity", "Internet", "-User", "NT AUTHORITY\\ANONYMOUS LOGON",
                                  "-AccessRights", "ExtendedRight", "-ExtendedRights",
                                  "ms-Exch-Send-Headers-Routing,ms-exch-send-headers-forest"});
  EXPECT_TRUE(add.add);
  EXPECT_EQ(add.grant, Anonymous({Right::kSendHeadersRouting, Right::kSendHeadersForest}));
  const PermissionEdit remove =
      EditOf("Remove-ADPermission", {"Internet", "-User", "MS Exchange\\Partner Servers", "-Deny",
                                     "-ExtendedRights", "ms-Exch-Send-Headers-Routing"});
  EXPECT_FALSE(remove.add);
  EXPECT_EQ(remove.grant.user, User::kPartnerServers);
  EXPECT_TRUE(remove.grant.deny);
}

TEST(PermissionEdit, UsersAndRightsThatAreNoneAreNamed) {
  Complaints complaints;
  const CmdletLine line =
      Bind(*FindCmdlet("Add-ADPermission"),
           WordsOf({"x", "-User", "Bob", "-ExtendedRights", "Fly", "-AccessRights", "Read"}),
           complaints);
  PermissionEditFrom(line, complaints);
  EXPECT_THAT(connector::Join(complaints), HasSubstr("-User: \"Bob\": is AnonymousLogon, "));
  EXPECT_THAT(connector::Join(complaints), HasSubstr("-ExtendedRights: \"Fly\": is ms-Exch-"));
  EXPECT_THAT(connector::Join(complaints), HasSubstr("-AccessRights: \"Read\": is ExtendedRight"));
}

TEST(PermissionEdit, GrantsAreJoinedByUserAndKind) {
  const auto internet = DefaultPermissions(Usage::kInternet);
  const PermissionEdit forest{true, Anonymous({Right::kSendHeadersForest})};
  EXPECT_THAT(Applied(forest, internet),
              ElementsAre(Anonymous({Right::kSendHeadersRouting, Right::kSendHeadersForest})));
  const PermissionEdit deny{true, Anonymous({Right::kSendHeadersRouting}, true)};
  EXPECT_THAT(Applied(deny, internet), ElementsAre(Anonymous({Right::kSendHeadersRouting}),
                                                   Anonymous({Right::kSendHeadersRouting}, true)));
}

TEST(PermissionEdit, TheLastRightTakesTheGrantAway) {
  const auto internet = DefaultPermissions(Usage::kInternet);
  const PermissionEdit routing{false, Anonymous({Right::kSendHeadersRouting})};
  EXPECT_THAT(Applied(routing, internet), IsEmpty());
}

TEST(PermissionEdit, WhatIsSoAlreadyChangesNothing) {
  const auto internet = DefaultPermissions(Usage::kInternet);
  EXPECT_EQ(Applied({true, Anonymous({Right::kSendHeadersRouting})}, internet), internet);
  EXPECT_EQ(Applied({false, Anonymous({Right::kSendHeadersForest})}, internet), internet);
  EXPECT_EQ(Applied({false, Anonymous({Right::kSendHeadersRouting}, true)}, internet), internet);
}

}  // namespace
}  // namespace postern::cli
