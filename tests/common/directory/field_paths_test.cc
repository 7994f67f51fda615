#include "common/directory/field_paths.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/common/directory/directory_folder.h"

namespace postern::directory {
namespace {

using testing::ConnectorFrom;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<FieldPaths> PathsOf(const std::vector<std::string>& texts) {
  google::protobuf::FieldMask mask;
  for (const std::string& text : texts)
    mask.add_paths(text);
  return FieldPaths::Parse(mask, *v1::SendConnector::descriptor());
}

v1::SendConnector Assigned(const std::vector<std::string>& texts,
                           const v1::Resource& from,
                           const v1::Resource& into) {
  v1::SendConnector connector = into.send_connector();
  PathsOf(texts)->Assign(from.send_connector(), connector);
  return connector;
}

TEST(FieldPathsTest, WhatIsAPathAndWhatIsNot) {
  const std::pair<const char*, bool> rows[] = {
      {"spec", true},
      {"spec.smart_hosts", true},
      {"spec.smartHosts", true},
      {"spec.authentication_credential.secretName", true},
      {"spec.permissions.grants", true},
      {"metadata.name", true},
      {"", false},
      {"spec.", false},
      {".spec", false},
      {"spec.SmartHosts", false},
      {"spec.smart-hosts", false},
      {"spec.smart_hosts[0]", false},
      {"spec.name.first", false},
      {"spec.permissions.grants.user", false},
      {"smart_hosts", false},
      {"*", false},
  };
  for (const auto& [text, good] : rows)
    EXPECT_EQ(PathsOf({text}).ok(), good) << text;
}

TEST(FieldPathsTest, EveryUnknownPathIsNamed) {
  const absl::Status status = PathsOf({"spec.port", "spec.ports", "specs"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(base::MessageOf(status),
            "mask: \"spec.ports\": is not a field of SendConnector\n"
            "mask: \"specs\": is not a field of SendConnector");
}

TEST(FieldPathsTest, AMaskHasABound) {
  EXPECT_TRUE(PathsOf(std::vector<std::string>(kPathsMax, "spec")).ok());
  EXPECT_THAT(
      std::string(PathsOf(std::vector<std::string>(kPathsMax + 1, "spec")).status().message()),
      HasSubstr("at most 256 paths"));
  EXPECT_FALSE(PathsOf({std::string(kPathBytesMax + 1, 'a')}).ok());
}

TEST(FieldPathsTest, OutsideOfAPartIsToldAsInAManifest) {
  EXPECT_THAT(PathsOf({"spec.port", "metadata.resource_version", "spec"})->Outside("spec"),
              ElementsAre("metadata.resourceVersion"));
}

TEST(FieldPathsTest, OnlyWhatIsNamedIsAssigned) {
  const auto from = ConnectorFrom("B", "port: 26, comment: from");
  const auto into = ConnectorFrom("A", "comment: into, requireTls: true");
  const v1::SendConnector got = Assigned({"spec.port"}, from, into);
  EXPECT_EQ(got.spec().port(), 26);
  EXPECT_EQ(got.spec().name(), "A");
  EXPECT_EQ(got.spec().comment(), "into");
}

TEST(FieldPathsTest, WhatIsNamedAndNotGivenIsNotThereAnyMore) {
  const auto into = ConnectorFrom("A",
                                  "port: 26, comment: into, permissions: {grants: []},"
                                  "authenticationCredential: {secretName: s}");
  const auto from = ConnectorFrom("B");
  const v1::SendConnector got = Assigned({"spec.port", "spec.comment", "spec.permissions",
                                          "spec.authentication_credential.secret_name"},
                                         from, into);
  EXPECT_FALSE(got.spec().has_port());
  EXPECT_EQ(got.spec().comment(), "");
  EXPECT_FALSE(got.spec().has_permissions());
  EXPECT_EQ(got.spec().authentication_credential().secret_name(), "");
}

TEST(FieldPathsTest, AListIsReplacedWhole) {
  const auto into = ConnectorFrom("A", "smartHosts: [a.test, b.test]");
  const auto from = ConnectorFrom("B", "smartHosts: [c.test]");
  EXPECT_THAT(Assigned({"spec.smart_hosts"}, from, into).spec().smart_hosts(),
              ElementsAre("c.test"));
  EXPECT_TRUE(
      Assigned({"spec.smart_hosts"}, ConnectorFrom("C"), into).spec().smart_hosts().empty());
}

TEST(FieldPathsTest, AFalseThatIsGivenIsAssigned) {
  const auto into = ConnectorFrom("A", "enabled: true");
  const auto from = ConnectorFrom("B", "enabled: false");
  const v1::SendConnector got = Assigned({"spec.enabled"}, from, into);
  EXPECT_TRUE(got.spec().has_enabled());
  EXPECT_FALSE(got.spec().enabled());
}

TEST(FieldPathsTest, WhatHoldsNothingIsNotMadeForIt) {
  const auto empty = ConnectorFrom("A");
  const v1::SendConnector got =
      Assigned({"spec.authentication_credential.secret_name"}, empty, empty);
  EXPECT_FALSE(got.spec().has_authentication_credential());
}

TEST(FieldPathsTest, KeepClearsTheRest) {
  v1::SendConnector connector =
      ConnectorFrom("A", "port: 26, authenticationCredential: {secretName: s}").send_connector();
  connector.mutable_metadata()->set_name("a");
  PathsOf({"spec.port", "spec.authenticationCredential.secretName", "metadata"})->Keep(connector);
  EXPECT_EQ(connector.spec().port(), 26);
  EXPECT_EQ(connector.spec().authentication_credential().secret_name(), "s");
  EXPECT_EQ(connector.metadata().name(), "a");
  EXPECT_EQ(connector.spec().name(), "");
  EXPECT_EQ(connector.kind(), "");
}

TEST(FieldPathsTest, AWholeMessageCoversWhatIsInIt) {
  v1::SendConnector connector = ConnectorFrom("A", "port: 26").send_connector();
  PathsOf({"spec.port", "spec"})->Keep(connector);
  EXPECT_EQ(connector.spec().name(), "A");
}

}  // namespace
}  // namespace postern::directory
