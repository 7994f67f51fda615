#include "cli/permission_verbs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"
#include "tests/common/connector/good_connector.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

class PermissionVerbsTest : public ::testing::Test {
 protected:
  PermissionVerbsTest() {
    v1::Resource resource = NewResource("SendConnector");
    *resource.mutable_send_connector() = connector::testing::GoodConnector();
    resource.mutable_send_connector()->mutable_spec()->set_usage("Internet");
    service_.directory.Put(resource);
  }

  int Line(std::vector<std::string> words) {
    for (const char* word : {"--insecure-plaintext", "--server"})
      words.push_back(word);
    words.push_back(service_.address());
    shell_.out.str("");
    shell_.err.str("");
    return shell_.Run(words);
  }

  FakeService service_;
  StringShell shell_;
};

TEST_F(PermissionVerbsTest, TheGrantsOfTheUsageAreShown) {
  EXPECT_EQ(Line({"Get-ADPermission", "Internet"}), 0) << shell_.err.str();
  EXPECT_EQ(shell_.out.str(),
            "Identity User           Deny  ExtendedRights\n"
            "-------- ----           ----  --------------\n"
            "Internet AnonymousLogon False {ms-Exch-Send-Headers-Routing}\n");
  EXPECT_EQ(Line({"Get-ADPermission", "Internet", "-User", "PartnerServers"}), 0);
  EXPECT_EQ(shell_.err.str(), "Send connector \"Internet\" grants nothing\n");
  EXPECT_EQ(Line({"Get-ADPermission", "Internet", "-User", "Bob"}), 2);
}

TEST_F(PermissionVerbsTest, AnEditBeginsWithWhatTheServerShows) {
  EXPECT_EQ(
      Line({"Add-ADPermission", "-Identity", "Internet", "-User", "NT AUTHORITY\\ANONYMOUS LOGON",
            "-ExtendedRights", "ms-Exch-Send-Headers-Forest"}),
      0)
      << shell_.err.str();
  const v1::Permissions& permissions = service_.directory.Connector("internet").permissions();
  ASSERT_EQ(permissions.grants_size(), 1);
  EXPECT_EQ(permissions.grants(0).extended_rights_size(), 2);
  EXPECT_THAT(shell_.out.str(),
              HasSubstr("Permissions {AnonymousLogon: ms-Exch-Send-Headers-Routing}"));
}

TEST_F(PermissionVerbsTest, TakingTheLastGrantLeavesAnExplicitNothing) {
  EXPECT_EQ(Line({"Remove-ADPermission", "Internet", "-User", "Anonymous", "-ExtendedRights",
                  "ms-Exch-Send-Headers-Routing"}),
            0)
      << shell_.err.str();
  EXPECT_TRUE(service_.directory.Connector("internet").has_permissions());
  EXPECT_EQ(service_.directory.Connector("internet").permissions().grants_size(), 0);
}

TEST_F(PermissionVerbsTest, WhatIsSoAlreadyIsSaid) {
  EXPECT_EQ(Line({"Add-ADPermission", "Internet", "-User", "AnonymousLogon", "-ExtendedRights",
                  "ms-Exch-Send-Headers-Routing"}),
            0);
  EXPECT_EQ(shell_.out.str(), "the permissions of Send connector \"Internet\" are so already\n");
  EXPECT_TRUE(service_.directory.masks.empty());
}

TEST_F(PermissionVerbsTest, WhatIfAndConflicts) {
  int faster = 1;
  service_.directory.before_update = [&] {
    if (faster-- > 0) service_.directory.Connector("internet").set_comment("faster");
  };
  EXPECT_EQ(Line({"Add-ADPermission", "Internet", "-User", "PartnerServers", "-ExtendedRights",
                  "ms-Exch-Send-Headers-Forest", "-Deny", "-WhatIf"}),
            0)
      << shell_.err.str();
  EXPECT_THAT(shell_.out.str(), HasSubstr("What if: Send connector \"Internet\" would change"));
  EXPECT_THAT(shell_.out.str(), HasSubstr("Deny PartnerServers: ms-Exch-Send-Headers-Forest"));
  EXPECT_FALSE(service_.directory.Connector("internet").has_permissions());
}

TEST_F(PermissionVerbsTest, GrantsAreDataToo) {
  EXPECT_EQ(Line({"Get-ADPermission", "Internet", "--output", "yaml"}), 0);
  EXPECT_THAT(shell_.out.str(), HasSubstr("- user: AnonymousLogon\n"));
}

}  // namespace
}  // namespace postern::cli
