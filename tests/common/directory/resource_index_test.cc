#include "common/directory/resource_index.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::directory {
namespace {

using ::testing::ElementsAre;

SendConnector IndexedConnector(std::string name, std::string slug) {
  SendConnector connector;
  connector.name = std::move(name);
  connector.slug = std::move(slug);
  return connector;
}

SnapshotPtr Organization() {
  SnapshotParts parts;
  parts.connectors = {IndexedConnector("Zeta", "alpha"), IndexedConnector("Beta", "gamma"),
                      IndexedConnector("gamma", "delta")};
  for (const char* name : {"north", "main"})
    parts.sites.emplace_back().name = name;
  parts.servers.emplace_back().name = "mbx-0";
  parts.links.emplace_back().name = "both";
  parts.domains.emplace_back().name = "contoso";
  return MakeSnapshot(std::move(parts));
}

std::vector<std::string> RowsOf(const ResourceIndex& index) {
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < index.rows().size(); ++i) {
    const v1::Resource resource = index.At(i);
    EXPECT_EQ(MetadataOf(resource).resource_version(), index.rows()[i].version);
    rows.push_back(base::Cat(NameOf(KindOf(resource)), "/", MetadataOf(resource).name()));
  }
  return rows;
}

TEST(ResourceIndexTest, RowsAreByKindAndName) {
  const ResourceIndex index(Organization());
  EXPECT_THAT(RowsOf(index),
              ElementsAre("AcceptedDomain/contoso", "SendConnector/alpha", "SendConnector/delta",
                          "SendConnector/gamma", "Site/main", "Site/north", "SiteLink/both",
                          "TransportConfig/transport-config", "TransportServer/mbx-0"));
}

TEST(ResourceIndexTest, FindsByNameAndByExchangeName) {
  const ResourceIndex index(Organization());
  const auto found = [&](Kind kind, std::string_view name) {
    const auto row = index.Find(kind, name);
    return row ? MetadataOf(index.At(*row)).name() : std::string("none");
  };
  EXPECT_EQ(found(Kind::kSendConnector, "alpha"), "alpha");
  EXPECT_EQ(found(Kind::kSendConnector, "ZETA"), "alpha");
  EXPECT_EQ(found(Kind::kSendConnector, "Gamma"), "gamma") << "metadata.name comes first";
  EXPECT_EQ(found(Kind::kSendConnector, "main"), "none");
  EXPECT_EQ(found(Kind::kSite, "Main"), "main");
  EXPECT_EQ(found(Kind::kSite, "alpha"), "none");
  EXPECT_EQ(found(Kind::kTransportConfig, ""), "transport-config") << "there is one";
  EXPECT_EQ(found(Kind::kSite, ""), "none");
  EXPECT_EQ(found(Kind::kTransportServer, "zzz"), "none");
}

TEST(ResourceIndexTest, AfterAKeyThatIsGoneComesWhatFollowedIt) {
  const ResourceIndex index(Organization());
  const auto after = [&](Kind kind, std::string name) {
    const std::size_t row = index.After({kind, std::move(name)});
    return row == index.rows().size() ? std::string("end") : index.rows()[row].key.name;
  };
  EXPECT_EQ(after(Kind::kSendConnector, "alpha"), "delta");
  EXPECT_EQ(after(Kind::kSendConnector, "beta"), "delta");
  EXPECT_EQ(after(Kind::kSendConnector, "zzz"), "main");
  EXPECT_EQ(after(Kind::kTransportServer, "mbx-0"), "end");
  EXPECT_EQ(index.FirstOf(Kind::kSendConnector), 1u);
  EXPECT_EQ(index.FirstOf(Kind::kAcceptedDomain), 0u);
}

}  // namespace
}  // namespace postern::directory
