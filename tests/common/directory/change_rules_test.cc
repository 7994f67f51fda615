// What is broken by a change, and what was broken before it.
#include "common/directory/change_rules.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/common/directory/directory_folder.h"

namespace postern::directory {
namespace {

using testing::ConnectorFrom;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Named;
using ::testing::Not;
using testing::ResourceFrom;

class ChangeRulesTest : public testing::DirectoryFolder {
 protected:
  void CreateSite(const std::string& name) {
    ASSERT_TRUE(Create(Named(ResourceFrom("Site", "spec: {}"), name)).status.ok());
  }
};

TEST_F(ChangeRulesTest, EveryBrokenRuleIsToldAtOnce) {
  const ChangeResult result = Create(
      ConnectorFrom("Bad", "port: 70000, requireTls: true, ignoreStartTls: true, fqdn: 'a b'"));
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  const std::string text = TextOf(result.status);
  EXPECT_THAT(text, HasSubstr("spec.port: \"70000\": a port is a number from 0 to 65535"));
  EXPECT_THAT(text, HasSubstr("spec.fqdn: \"a b\""));
  EXPECT_THAT(text, HasSubstr("spec.ignoreStartTls"));
  EXPECT_THAT(text, Not(HasSubstr(".yaml"))) << "the object stands in no file";
  EXPECT_FALSE(There("managed/sendconnector-bad.yaml"));
}

TEST_F(ChangeRulesTest, RulesBetweenObjectsAreLookedAt) {
  const ChangeResult server =
      Create(Named(ResourceFrom("TransportServer", "spec: {site: nowhere}"), "mbx-1"));
  EXPECT_EQ(TextOf(server.status), "spec.site: \"nowhere\": there is no Site of this name");
  ASSERT_TRUE(
      Create(Named(ResourceFrom("AcceptedDomain", "spec: {domainName: a.test}"), "a")).status.ok());
  const ChangeResult domain =
      Create(Named(ResourceFrom("AcceptedDomain", "spec: {domainName: A.test}"), "b"));
  EXPECT_EQ(TextOf(domain.status),
            "spec.domainName: \"a.test\": one AcceptedDomain of this name is already in "
            "managed/accepteddomain-a.yaml:8");
}

TEST_F(ChangeRulesTest, ASiteThatIsUsedStays) {
  CreateSite("north");
  CreateSite("south");
  ASSERT_TRUE(
      Create(Named(ResourceFrom("TransportServer", "spec: {site: north}"), "mbx-1")).status.ok());
  ASSERT_TRUE(
      Create(Named(ResourceFrom("SiteLink", "spec: {sites: [north, main]}"), "link")).status.ok());
  const ChangeResult result = Delete(Kind::kSite, "north");
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(TextOf(result.status),
            "Site \"north\" is used by SiteLink \"link\", TransportServer \"mbx-1\": change or "
            "delete what uses it first");
  EXPECT_TRUE(Delete(Kind::kSite, "south").status.ok());
}

TEST_F(ChangeRulesTest, ASourceServerGoesWithAWarning) {
  CreateSite("north");
  ASSERT_TRUE(
      Create(Named(ResourceFrom("TransportServer", "spec: {site: north}"), "mbx-1")).status.ok());
  ASSERT_TRUE(Create(ResourceFrom("SendConnector",
                                  "spec: {name: A, addressSpaces: ['*'], "
                                  "sourceTransportServers: [mbx-1, site/south]}"))
                  .status.ok());
  const ChangeResult result = Delete(Kind::kTransportServer, "mbx-1");
  EXPECT_TRUE(result.status.ok()) << result.status;
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("\"A\" has mbx-1 as a source server")));
}

TEST_F(ChangeRulesTest, WhatIsAllowedAndNotMeantIsAWarning) {
  const ChangeResult result = Create(ConnectorFrom("A", "port: 26"));
  EXPECT_TRUE(result.status.ok());
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("Port is for smart hosts")));
}

TEST_F(ChangeRulesTest, WhatWasBrokenBeforeIsToldApart) {
  Write("broken.yaml",
        "apiVersion: postern.dev/v1\nkind: TransportServer\nmetadata: {name: lost}\n"
        "spec: {site: gone}\n");
  const ChangeResult bad = Create(ConnectorFrom("A", "port: 70000"));
  EXPECT_EQ(bad.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TextOf(bad.status),
            "spec.port: \"70000\": a port is a number from 0 to 65535\n"
            "and there before this change:\n"
            "broken.yaml:4: spec.site: \"gone\": there is no Site of this name");
  const ChangeResult good = Create(ConnectorFrom("A"));
  EXPECT_EQ(good.status.code(), absl::StatusCode::kFailedPrecondition)
      << "it would not come into force";
  EXPECT_THAT(TextOf(good.status), HasSubstr("there before"));
  EXPECT_THAT(TextOf(good.status), HasSubstr("broken.yaml:4"));
  EXPECT_FALSE(There("managed/sendconnector-a.yaml"));
  const ChangeResult cure = Create(Named(ResourceFrom("Site", "spec: {}"), "gone"));
  EXPECT_TRUE(cure.status.ok()) << "it mends what was broken: " << cure.status;
}

TEST_F(ChangeRulesTest, AManagedFileThatWasBrokenByHandIsMendedByAnUpdate) {
  ASSERT_TRUE(Create(ConnectorFrom("A", "port: 26")).status.ok());
  std::string text = Read("managed/sendconnector-a.yaml");
  text.replace(text.find("26"), 2, "70000");
  Write("managed/sendconnector-a.yaml", text);
  const auto comment = Named(ResourceFrom("SendConnector", "spec: {comment: x}"), "a");
  EXPECT_THAT(TextOf(Update(comment, {"spec.comment"}).status), HasSubstr("70000"));
  const ChangeResult mended = Update(comment, {"spec.port"});
  EXPECT_TRUE(mended.status.ok()) << mended.status;
}

TEST_F(ChangeRulesTest, ManyFindingsAreCut) {
  std::string text;
  for (int i = 0; i < 150; ++i) {
    text += base::Cat("apiVersion: postern.dev/v1\nkind: TransportServer\nmetadata: {name: s", i,
                      "}\nspec: {site: gone}\n---\n");
  }
  Write("many.yaml", text);
  const std::string text_of = TextOf(Create(ConnectorFrom("A")).status);
  EXPECT_LT(text_of.size(), kFindingsBytesMax + 300);
  EXPECT_THAT(text_of, ::testing::ContainsRegex("\nand [0-9]+ more$"));
}

}  // namespace
}  // namespace postern::directory
