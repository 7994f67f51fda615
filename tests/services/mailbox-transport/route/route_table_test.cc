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
  const RouteTable table(DirectoryOf("F *;2|E *|D * from=far|C *.com|B *.a.com|A a.com;9|Z a.com"),
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

}  // namespace
}  // namespace postern::route
