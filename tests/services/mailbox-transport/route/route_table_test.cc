#include "services/mailbox-transport/route/route_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/services/mailbox-transport/route/routing_fixture.h"

namespace postern::route {
namespace {

using testing::DirectoryOf;
using ::testing::ElementsAre;
using testing::Shown;
using testing::To;

std::vector<std::string> Visited(const RouteTable& table, std::string_view domain) {
  std::vector<std::string> names;
  table.Visit("SMTP", domain, [&](const Candidate& candidate) {
    names.push_back(candidate.connector->name);
    return true;
  });
  return names;
}

TEST(RouteTableTest, TheBestComesFirst) {
  const RouteTable table(DirectoryOf("F *;2|E *|D * from=near|C *.com|B *.a.com|A a.com;9|Z a.com"),
                         "ours");
  EXPECT_THAT(Visited(table, "a.com"), ElementsAre("Z", "A", "B", "C", "E", "D", "F"));
  EXPECT_THAT(Visited(table, "x.a.com"), ElementsAre("B", "C", "E", "D", "F"));
  EXPECT_THAT(Visited(table, "[10.1.1.1]"), ElementsAre("E", "D", "F"));
}

TEST(RouteTableTest, AVisitEndsWhenItIsToldTo) {
  const RouteTable table(DirectoryOf("A *|B *|C a.com|D *.com"), "ours");
  int visits = 0;
  table.Visit("SMTP", "a.com", [&](const Candidate&) { return ++visits < 2; });
  EXPECT_EQ(visits, 2);
}

TEST(RouteTableTest, KeepsItsSnapshotAlive) {
  auto snapshot = DirectoryOf("A *");
  const std::string version = snapshot->version();
  const RouteTable table(std::move(snapshot), "ours");
  EXPECT_EQ(table.version(), version);
  EXPECT_EQ(Shown(Select(table, To("a.com"))), "A -> a.com");
}

TEST(RouteTableTest, TenThousandConnectorsAreNotLookedThrough) {
  directory::SnapshotParts parts;
  parts.servers = {{"ours", "here", "", ""}};
  for (int i = 0; i < 10'000; ++i) {
    parts.connectors.push_back(
        testing::ConnectorOf(base::Cat("C", i, " d", i, ".com,*.e", i, ".com,*;", i % 100 + 1)));
  }
  const RouteTable table(directory::MakeSnapshot(std::move(parts)), "ours");
  int visits = 0;
  for (const char* domain : {"d9999.com", "x.y.e5000.com", "nowhere.example"}) {
    table.Visit("SMTP", domain, [&](const Candidate&) {
      ++visits;
      return false;
    });
  }
  EXPECT_EQ(visits, 3);
  EXPECT_EQ(Shown(Select(table, To("d9999.com"))), "C9999 -> d9999.com");
  EXPECT_EQ(Shown(Select(table, To("x.e77.com"))), "C77 -> x.e77.com");
  EXPECT_EQ(Shown(Select(table, To("nowhere.example"))), "C0 -> nowhere.example");
}

model::NextHop Dns(std::string domain, std::string connector) {
  return {model::DeliveryType::kDnsConnectorDelivery, std::move(domain), std::move(connector)};
}

model::NextHop RelayTo(std::string connector) {
  return {model::DeliveryType::kSmtpRelayToConnectorSourceServers, connector, connector};
}

model::NextHop Hub(std::string site) {
  return {model::DeliveryType::kSmtpRelayToRemoteActiveDirectorySite, std::move(site), ""};
}

struct Rightness {
  const char* fact;
  const char* connectors;
  model::NextHop hop;
  bool right;
  const char* map = "";
};

TEST(RouteTableTest, WhatIsQueuedStaysWhileItsHopIsRight) {
  const model::NextHop smart{model::DeliveryType::kSmartHostConnectorDelivery, "h.com", "A"};
  const std::vector<Rightness> rows = {
      {"a connector of ours", "A *", Dns("a.com", "A"), true},
      {"a cheaper one beside it changes nothing", "A *;9|B *;1", Dns("a.com", "A"), true},
      {"a connector that is gone", "B *", Dns("a.com", "A"), false},
      {"one that is off", "A * off", Dns("a.com", "A"), false},
      {"one that is no longer ours", "A * from=far", Dns("a.com", "A"), false},
      {"one whose servers are gone", "A * from=ghost", Dns("a.com", "A"), false},
      {"one that has smart hosts now", "A * host=h.com", Dns("a.com", "A"), false},
      {"the same smart hosts", "A * host=h.com", smart, true},
      {"other smart hosts", "A * host=i.com", smart, false},
      {"by MX now", "A *", smart, false},
      {"a relay", "A * from=far", RelayTo("A"), true},
      {"a relay whose connector is ours now", "A *", RelayTo("A"), false},
      {"a relay whose connector is gone", "B * from=far", RelayTo("A"), false},
      {"a relay whose connector is off", "A * off from=far", RelayTo("A"), false},
      {"a relay out of scope now", "A * from=far scoped", RelayTo("A"), false},
      {"a relay without a way now", "A * from=far", RelayTo("A"), false, "x|here-x=1"},
      {"a relay with a hub on its way now", "A * from=far", RelayTo("A"), false,
       "h!|here-h=1|h-there=1"},
      {"a hub", "A * from=far", Hub("h"), true, "h!|here-h=1|h-there=1"},
      {"a hub that is none any more", "A * from=far", Hub("h"), false, "h|here-h=1|h-there=1"},
      {"a hub that is gone", "A * from=far", Hub("h"), false},
      {"a hub that no connector needs", "A *", Hub("h"), false, "h!|here-h=1|h-there=1"},
      {"nothing is unreachable for ever", "A *",
       model::NextHop{model::DeliveryType::kUnreachable, "", ""}, false}};
  for (const Rightness& row : rows) {
    const RouteTable table(DirectoryOf(row.connectors, row.map), "ours");
    EXPECT_EQ(table.StillRight(row.hop), row.right) << row.fact;
  }
}

TEST(RouteTableTest, KnowsWhoseMailGoesByAHub) {
  const RouteTable table(
      DirectoryOf("A a.com from=far|B b.com|C c.com from=far|D d.com off from=far",
                  "h!|here-h=1|h-there=1"),
      "ours");
  EXPECT_THAT(table.ConnectorsVia("h"), ElementsAre("A", "C"));
  EXPECT_THAT(table.ConnectorsVia("there"), ElementsAre());
}

}  // namespace
}  // namespace postern::route
