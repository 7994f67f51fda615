#include "common/directory/resource.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/connector/content_hash.h"
#include "common/directory/rules.h"

namespace postern::directory {
namespace {

TEST(ResourceTest, KindsAreInTheOrderOfTheirNames) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    EXPECT_EQ(ParseKind(NameOf(kind)), kind);
    EXPECT_EQ(DescriptorOf(kind).name(), NameOf(kind));
    EXPECT_TRUE(i == 0 || NameOf(static_cast<Kind>(i - 1)) < NameOf(kind)) << NameOf(kind);
  }
  EXPECT_EQ(ParseKind("sendconnector"), std::nullopt);
  EXPECT_EQ(ParseKind(""), std::nullopt);
}

TEST(ResourceTest, EveryKindIsHeldAndLookedInto) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    Manifest::Object object = *MakeObject(NameOf(kind));
    EXPECT_EQ(KindOf(object), kind);
    v1::Resource resource = ToResource(object);
    EXPECT_TRUE(HasObject(resource));
    EXPECT_EQ(KindOf(resource), kind);
    MetadataOf(resource).set_name("n");
    MetadataOf(resource).set_resource_version("v");
    StatusOf(resource).add_conditions()->set_type("Ready");
    EXPECT_EQ(ShownName(resource), kind == Kind::kSendConnector ? "" : "n");
    object = ToManifestObject(resource);
    EXPECT_EQ(MetadataOf(object).name(), "n");
    EXPECT_EQ(MetadataOf(object).resource_version(), "");
    std::visit(
        [&](const auto& held) {
          EXPECT_FALSE(held.has_status());
          EXPECT_EQ(held.kind(), NameOf(kind));
          EXPECT_EQ(held.api_version(), "postern.dev/v1");
        },
        object);
  }
  EXPECT_FALSE(HasObject(v1::Resource()));
}

TEST(ResourceTest, AWrongFrameIsKeptForTheRulesToFind) {
  v1::Resource resource;
  resource.mutable_site()->set_kind("SiteLink");
  EXPECT_EQ(std::get<v1::Site>(ToManifestObject(resource)).kind(), "SiteLink");
}

TEST(ResourceTest, HasEveryDefaultAndTheHashOfItsContent) {
  TransportConfig config;
  v1::Resource resource = ResourceOf(config);
  EXPECT_EQ(resource.transport_config().spec().max_receive_size(), "35MB");
  EXPECT_FALSE(resource.transport_config().has_status());
  EXPECT_EQ(MetadataOf(resource).resource_version(), connector::ContentHash(ToResource(config)));
  config.max_recipient_envelope_limit = 1;
  EXPECT_NE(MetadataOf(ResourceOf(config)).resource_version(),
            MetadataOf(resource).resource_version());
}

TEST(ResourceTest, AConnectorsVersionIsThatOfTheSnapshot) {
  SnapshotParts parts;
  parts.connectors.emplace_back().name = "Internet";
  parts.connectors.front().slug = "internet";
  const SnapshotPtr snapshot = MakeSnapshot(std::move(parts));
  const v1::Resource resource = ResourceOf(snapshot->connectors().front());
  EXPECT_EQ(MetadataOf(resource).resource_version(), snapshot->connectors().front().version);
  EXPECT_EQ(ShownName(resource), "Internet");
}

}  // namespace
}  // namespace postern::directory
