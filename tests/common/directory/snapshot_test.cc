#include "common/directory/snapshot.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

SendConnector Named(const std::string& name) {
  SendConnector connector;
  connector.name = name;
  return connector;
}

SnapshotParts TwoOfEach() {
  SnapshotParts parts;
  parts.connectors = {Named("beta"), Named("Alpha")};
  parts.sites = {{"paris", {"b:1", "a:1"}, ""}, {"london", {}, ""}};
  parts.servers = {{"mbx-1", "paris", "", ""}, {"mbx-0", "london", "", ""}};
  return parts;
}

TEST(SnapshotTest, FindsByNameWithoutRegardToCase) {
  const auto snapshot = MakeSnapshot(TwoOfEach());
  ASSERT_NE(snapshot->FindConnector("ALPHA"), nullptr);
  EXPECT_EQ(snapshot->FindConnector("ALPHA")->name, "Alpha");
  EXPECT_EQ(snapshot->FindConnector("gamma"), nullptr);
  EXPECT_EQ(snapshot->SiteOf("MBX-1"), "paris");
  EXPECT_EQ(snapshot->SiteOf("mbx-9"), "");
  EXPECT_THAT(snapshot->FrontEndsOf("Paris"), ElementsAre("b:1", "a:1"));
  EXPECT_THAT(snapshot->FrontEndsOf("rome"), IsEmpty());
}

TEST(SnapshotTest, SourceServersAreThoseNamedAndThoseOfTheirSites) {
  SnapshotParts parts = TwoOfEach();
  parts.servers.push_back({"mbx-2", "Paris", "", ""});
  const auto snapshot = MakeSnapshot(std::move(parts));
  const auto sources = [&snapshot](std::vector<std::string> given) {
    SendConnector connector;
    connector.source_transport_servers = std::move(given);
    std::vector<std::string> names;
    for (const TransportServer* server : snapshot->SourcesOf(connector))
      names.push_back(server->name);
    return names;
  };
  EXPECT_THAT(sources({"mbx-0", "mbx-9"}), ElementsAre("mbx-0"));
  EXPECT_THAT(sources({"site/paris"}), ElementsAre("mbx-1", "mbx-2"));
  EXPECT_THAT(sources({"site/rome"}), IsEmpty());
  EXPECT_THAT(sources({"mbx-0", "site/paris"}), ElementsAre("mbx-0", "mbx-1", "mbx-2"));
}

TEST(SnapshotTest, ConnectorsAreInTheOrderOfTheirNames) {
  const auto snapshot = MakeSnapshot(TwoOfEach());
  EXPECT_EQ(snapshot->connectors()[0].name, "Alpha");
  EXPECT_EQ(snapshot->connectors()[1].name, "beta");
}

TEST(SnapshotTest, TheVersionIsOfTheContentAlone) {
  SnapshotParts shuffled = TwoOfEach();
  std::swap(shuffled.connectors[0], shuffled.connectors[1]);
  std::swap(shuffled.servers[0], shuffled.servers[1]);
  shuffled.stale = true;
  EXPECT_EQ(MakeSnapshot(TwoOfEach())->version(), MakeSnapshot(shuffled)->version());
  shuffled.config.max_recipient_envelope_limit = 1;
  EXPECT_NE(MakeSnapshot(TwoOfEach())->version(), MakeSnapshot(shuffled)->version());
}

TEST(SnapshotTest, ADomainIsOfTheClosestAcceptedDomain) {
  SnapshotParts parts;
  parts.domains = {
      {"all", "*.contoso.com"}, {"mail", "*.mail.contoso.com"}, {"a", "a.contoso.com"}};
  parts.domains[2].is_default = true;
  const auto snapshot = MakeSnapshot(std::move(parts));
  const auto of = [&](const char* domain) {
    const AcceptedDomain* found = snapshot->AcceptedDomainOf(domain);
    return found == nullptr ? std::string("none") : found->name;
  };
  EXPECT_EQ(of("contoso.com"), "all");
  EXPECT_EQ(of("x.contoso.com"), "all");
  EXPECT_EQ(of("a.contoso.com"), "a");
  EXPECT_EQ(of("x.mail.contoso.com"), "mail");
  EXPECT_EQ(of("xcontoso.com"), "none");
  EXPECT_EQ(snapshot->PostmasterAddress(), "postmaster@a.contoso.com");
}

TEST(SnapshotTest, EveryKindChangesTheVersion) {
  const auto version = [](void (*change)(SnapshotParts&)) {
    SnapshotParts parts = TwoOfEach();
    if (change != nullptr) change(parts);
    return MakeSnapshot(std::move(parts))->version();
  };
  const std::string before = version(nullptr);
  EXPECT_NE(before, version([](SnapshotParts& p) { p.links = {{"l", {"paris", "london"}}}; }));
  EXPECT_NE(before, version([](SnapshotParts& p) { p.domains = {{"d", "contoso.com"}}; }));
  EXPECT_NE(before, version([](SnapshotParts& p) { p.sites[0].hub_site_enabled = true; }));
}

TEST(SnapshotTest, AConnectorWithoutAVersionGetsOne) {
  EXPECT_EQ(MakeSnapshot(TwoOfEach())->connectors()[0].version.size(), 16u);
}

}  // namespace
}  // namespace postern::directory
