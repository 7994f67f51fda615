#include "common/directory/checked_manifest.h"

#include "gtest/gtest.h"

#include "tests/common/directory/directory_folder.h"

namespace postern::directory {
namespace {

using testing::Named;
using testing::ResourceFrom;

CheckedPtr CheckedOf(const v1::Resource& resource) {
  Manifest manifest;
  manifest.object = ToManifestObject(resource);
  return Check(std::move(manifest));
}

TEST(CheckedManifestTest, EveryKindHasItsTypedForm) {
  const v1::Resource resources[] = {
      ResourceFrom("AcceptedDomain", "spec: {domainName: a.test}"),
      testing::ConnectorFrom("x"),
      ResourceFrom("Site", "spec: {}"),
      ResourceFrom("SiteLink", "spec: {sites: [a, b]}"),
      ResourceFrom("TransportConfig", "spec: {}"),
      ResourceFrom("TransportServer", "spec: {site: a}"),
  };
  for (const v1::Resource& resource : resources) {
    const CheckedPtr checked = CheckedOf(Named(resource, "n"));
    EXPECT_TRUE(checked->findings.empty()) << checked->findings.front().ToString();
    EXPECT_FALSE(std::holds_alternative<std::monostate>(checked->typed));
  }
  EXPECT_EQ(std::get<SendConnector>(CheckedOf(Named(resources[1], "n"))->typed).slug, "n");
}

TEST(CheckedManifestTest, WithFindingsThereIsNone) {
  const CheckedPtr checked = CheckedOf(Named(testing::ConnectorFrom("x", "port: 70000"), "n"));
  ASSERT_EQ(checked->findings.size(), 1u);
  EXPECT_EQ(checked->findings.front().path, "spec.port");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(checked->typed));
}

}  // namespace
}  // namespace postern::directory
