// What a change makes of the folder, before any rule of the directory is looked at.
#include "common/directory/change_draft.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/common/directory/directory_folder.h"

namespace postern::directory {
namespace {

using testing::ConnectorFrom;
using ::testing::HasSubstr;
using testing::Named;
using testing::ResourceFrom;

class ChangeDraftTest : public testing::DirectoryFolder {
 protected:
  ChangeDraftTest() {
    Write("hand.yaml",
          "# by hand\napiVersion: postern.dev/v1\nkind: SendConnector\nmetadata: {name: hand}\n"
          "spec: {name: By Hand, addressSpaces: ['*'], sourceTransportServers: [mbx-0]}\n");
    EXPECT_TRUE(Create(ConnectorFrom("Internet")).status.ok());
    version_ = MetadataOf(*Update(Named(ResourceFrom("SendConnector", "spec: {}"), "internet"),
                                  {"spec.comment"})
                               .after)
                   .resource_version();
  }

  // An update of one field of the connector that is named.
  ChangeResult Comment(const std::string& name, const std::string& version = "") {
    return Update(Named(ResourceFrom("SendConnector", "spec: {comment: changed}"), name),
                  {"spec.comment"}, version);
  }

  std::string version_;
};

TEST_F(ChangeDraftTest, WhoMayChangeWhat) {
  using absl::StatusCode;
  const auto delete_connector = [this](const std::string& name, const std::string& version = "") {
    return Delete(Kind::kSendConnector, name, version);
  };
  dry_run_ = true;

  const struct {
    const char* fact;
    ChangeResult result;
    StatusCode code;
    const char* text;
  } rows[] = {
      {"a new one", Create(ConnectorFrom("Other")), StatusCode::kOk, ""},
      {"a new one with a name of its own", Create(Named(ConnectorFrom("Other"), "mine")),
       StatusCode::kOk, ""},
      {"a name that is there", Create(ConnectorFrom("Internet")), StatusCode::kAlreadyExists,
       "SendConnector \"Internet\" is already there, in managed/sendconnector-internet.yaml"},
      {"without regard to case", Create(ConnectorFrom("INTERNET")), StatusCode::kAlreadyExists,
       "is already there"},
      {"by another metadata.name", Create(Named(ConnectorFrom("Internet"), "x")),
       StatusCode::kAlreadyExists, "is already there"},
      {"a metadata.name that is there", Create(Named(ConnectorFrom("Other"), "internet")),
       StatusCode::kAlreadyExists, "is already there"},
      {"a metadata.name that is another's Exchange name",
       Create(Named(ConnectorFrom("Other"), "by hand")), StatusCode::kAlreadyExists, "hand.yaml"},
      {"what is there by hand", Create(ConnectorFrom("By Hand")), StatusCode::kAlreadyExists,
       "is already there, in hand.yaml"},
      {"an update", Comment("internet"), StatusCode::kOk, ""},
      {"an update by Exchange name", Comment("Internet"), StatusCode::kOk, ""},
      {"of the right version", Comment("internet", version_), StatusCode::kOk, ""},
      {"of another version", Comment("internet", "0123456789abcdef"), StatusCode::kAborted,
       "the change is of version 0123456789abcdef"},
      {"of what is not there", Comment("nowhere"), StatusCode::kNotFound,
       "SendConnector \"nowhere\": there is none in the directory"},
      {"of what has no name", Comment(""), StatusCode::kNotFound, "there is none"},
      {"of what is there by hand", Comment("hand"), StatusCode::kFailedPrecondition,
       "SendConnector \"hand\" stands in hand.yaml:2, a file that is written by hand: change it "
       "there, or take it out of that file and create it here"},
      {"a delete", delete_connector("internet"), StatusCode::kOk, ""},
      {"a delete by Exchange name", delete_connector("INTERNET"), StatusCode::kOk, ""},
      {"a delete of another version", delete_connector("internet", "x"), StatusCode::kAborted,
       "has changed since it was read"},
      {"a delete of nothing", delete_connector("nowhere"), StatusCode::kNotFound, "there is none"},
      {"a delete by hand's", delete_connector("By Hand"), StatusCode::kFailedPrecondition,
       "hand.yaml:2"},
      {"a site by hand", Delete(Kind::kSite, "main"), StatusCode::kFailedPrecondition,
       "servers.yaml:1"},
      {"the kind counts", Delete(Kind::kSite, "internet"), StatusCode::kNotFound, "Site"},
  };

  for (const auto& row : rows) {
    EXPECT_EQ(row.result.status.code(), row.code) << row.fact << ": " << row.result.status;
    EXPECT_THAT(TextOf(row.result.status), HasSubstr(row.text)) << row.fact;
  }
}

TEST_F(ChangeDraftTest, AConflictNamesBothVersions) {
  const ChangeResult result = Comment("internet", "feedfeedfeedfeed");
  EXPECT_EQ(TextOf(result.status),
            base::Cat("SendConnector \"internet\" has changed since it was read: its version is ",
                      version_, ", the change is of version feedfeedfeedfeed"));
  EXPECT_EQ(MetadataOf(*result.before).resource_version(), version_);
}

TEST_F(ChangeDraftTest, TheMaskSaysWhatChanges) {
  ASSERT_TRUE(Update(Named(ConnectorFrom("Internet", "port: 26, requireTls: true, comment: one"),
                           "internet"))
                  .status.ok());
  const ChangeResult one = Comment("internet");
  ASSERT_TRUE(one.status.ok()) << one.status;
  EXPECT_EQ(SpecOf(one.before).comment(), "one");
  EXPECT_EQ(SpecOf(one.after).comment(), "changed");
  EXPECT_EQ(SpecOf(one.after).port(), 26);
  EXPECT_TRUE(SpecOf(one.after).require_tls());
  const ChangeResult gone =
      Update(Named(ResourceFrom("SendConnector", "spec: {}"), "internet"), {"spec.requireTls"});
  EXPECT_FALSE(SpecOf(gone.after).require_tls()) << "named and not given: the default";
  EXPECT_EQ(SpecOf(gone.after).port(), 26);
  const ChangeResult whole = Update(Named(ConnectorFrom("Internet"), "internet"));
  EXPECT_EQ(SpecOf(whole.after).port(), 25) << "without a mask: the whole spec";
}

TEST_F(ChangeDraftTest, AWordThatIsTheDefaultIsKept) {
  ASSERT_TRUE(Create(ConnectorFrom("Partner", "usage: Partner, requireTls: false")).status.ok());
  const auto level = [this](const char* spec, std::vector<std::string> mask) {
    return Update(Named(ResourceFrom("SendConnector", spec), "partner"), std::move(mask));
  };
  const ChangeResult none = level("spec: {tlsAuthLevel: None}", {"spec.tlsAuthLevel"});
  EXPECT_TRUE(none.changed);
  EXPECT_FALSE(level("spec: {tlsAuthLevel: None}", {"spec.tlsAuthLevel"}).changed);
  const ChangeResult tls = level("spec: {requireTls: true}", {"spec.requireTls"});
  EXPECT_EQ(SpecOf(tls.after).tls_auth_level(), "None") << "not the preset of Partner";
}

TEST_F(ChangeDraftTest, AMaskReachesTheSpecOnly) {
  for (const char* path : {"metadata", "metadata.name", "status", "kind", "api_version"}) {
    const ChangeResult result = Update(Named(ConnectorFrom("Internet"), "internet"), {path});
    EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument) << path;
    EXPECT_THAT(TextOf(result.status), HasSubstr("only fields of the spec can be changed"));
  }
  const ChangeResult unknown =
      Update(Named(ConnectorFrom("Internet"), "internet"), {"spec.port", "spec.ports"});
  EXPECT_THAT(TextOf(unknown.status), HasSubstr("\"spec.ports\": is not a field of SendConnector"));
}

TEST_F(ChangeDraftTest, TheUsageStays) {
  ASSERT_TRUE(Create(ConnectorFrom("Partner", "usage: Partner")).status.ok());

  const struct {
    const char* spec;
    std::vector<std::string> mask;
    bool good;
  } rows[] = {
      {"usage: partner", {"spec.usage"}, true},
      {"usage: Internet", {"spec.usage"}, false},
      {"comment: x", {"spec.usage"}, false},  // the default is Custom
      {"comment: x", {"spec.comment"}, true},
  };

  for (const auto& row : rows) {
    const ChangeResult result =
        Update(Named(ResourceFrom("SendConnector", base::Cat("spec: {", row.spec, "}")), "partner"),
               row.mask);
    EXPECT_EQ(result.status.ok(), row.good) << row.spec << ": " << result.status;
    if (row.good) continue;
    EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(TextOf(result.status), HasSubstr("cannot be changed, and it is Partner"));
  }
}

TEST_F(ChangeDraftTest, AConnectorIsRenamedAndKeepsItsMetadataName) {
  const ChangeResult result = Update(
      Named(ResourceFrom("SendConnector", "spec: {name: World}"), "Internet"), {"spec.name"});
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(SpecOf(result.after).name(), "World");
  EXPECT_EQ(MetadataOf(*result.after).name(), "internet");
  EXPECT_TRUE(There("managed/sendconnector-internet.yaml"));
}

TEST_F(ChangeDraftTest, NamesAreMadeOfExchangeNames) {
  EXPECT_EQ(Create(ConnectorFrom("To Contoso")).name, "to-contoso");
  EXPECT_THAT(Create(ConnectorFrom("To (Contoso)")).name,
              ::testing::MatchesRegex("to-contoso-[0-9a-f]+"));
  // A slug that is somebody's Exchange name would make that name mean two connectors.
  ASSERT_TRUE(Create(Named(ConnectorFrom("plain"), "other")).status.ok());
  EXPECT_THAT(Create(ConnectorFrom("(plain)")).name, ::testing::MatchesRegex("plain-[0-9a-f]+"));
}

TEST_F(ChangeDraftTest, OtherKindsBringTheirNames) {
  EXPECT_EQ(Create(Named(ResourceFrom("Site", "spec: {comment: x}"), "north")).name, "north");
  const ChangeResult without = Create(ResourceFrom("Site", "spec: {comment: x}"));
  EXPECT_EQ(without.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(TextOf(without.status), HasSubstr("metadata.name: a name is 1 to 63"));
}

TEST_F(ChangeDraftTest, ThereIsOneTransportConfig) {
  const auto limit = [](const char* text) {
    return ResourceFrom("TransportConfig", base::Cat("spec: {maxReceiveSize: '", text, "'}"));
  };
  const ChangeResult same = Update(limit("35MB"));
  EXPECT_TRUE(same.status.ok()) << same.status;
  EXPECT_FALSE(same.changed) << "the default holds already";
  EXPECT_EQ(Delete(Kind::kTransportConfig, "").status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Update(Named(limit("1MB"), "another")).status.code(), absl::StatusCode::kNotFound);

  const ChangeResult first = Update(limit("1MB"), {"spec.max_receive_size"});
  ASSERT_TRUE(first.status.ok()) << first.status;
  EXPECT_EQ(first.name, "transport-config");
  EXPECT_EQ(first.before->transport_config().spec().max_receive_size(), "35MB");
  EXPECT_EQ(Create(Named(limit("2MB"), "x")).status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(Delete(Kind::kTransportConfig, "").status.ok());
  EXPECT_EQ(Create(Named(limit("2MB"), "limits")).name, "limits");
  EXPECT_EQ(Update(limit("3MB")).name, "limits");
}

TEST_F(ChangeDraftTest, AFieldOfANewerSchemaIsRefusedNotLost) {
  v1::Resource resource = ConnectorFrom("New");
  auto* spec = resource.mutable_send_connector()->mutable_spec();
  spec->GetReflection()->MutableUnknownFields(spec)->AddVarint(9999, 1);
  const ChangeResult result = Create(resource);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(TextOf(result.status), HasSubstr("fields that this server does not know"));
}

TEST_F(ChangeDraftTest, AFileOfOursWithMoreInItIsLeftAlone) {
  const std::string file = "managed/sendconnector-internet.yaml";
  const std::string text = Read(file);
  Write(file,
        base::Cat(text, "---\napiVersion: postern.dev/v1\nkind: Site\nmetadata: {name: x}\n"));
  const ChangeResult result = Comment("internet");
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(TextOf(result.status), HasSubstr("holds Site \"x\" too"));
  Write(file, "no: [yaml");
  EXPECT_THAT(TextOf(Create(Named(ConnectorFrom("Internet"), "internet")).status),
              HasSubstr("sendconnector-internet.yaml cannot be read"));
  EXPECT_EQ(Read(file), "no: [yaml");
}

TEST_F(ChangeDraftTest, WhatWasGivenIsKeptWithoutTheDefaults) {
  EXPECT_THAT(Read("managed/sendconnector-internet.yaml"),
              ::testing::Not(HasSubstr("maxMessageSize")));
  EXPECT_EQ(SpecOf(Comment("internet").after).max_message_size(), "25MB");
}

}  // namespace
}  // namespace postern::directory
