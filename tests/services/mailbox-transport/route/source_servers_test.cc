#include "services/mailbox-transport/route/source_servers.h"

#include "gtest/gtest.h"

#include "tests/services/mailbox-transport/route/routing_fixture.h"

namespace postern::route {
namespace {

using testing::DirectoryOf;
using testing::Shown;

struct PlanRow {
  const char* fact;
  const char* map;
  const char* sources;
  const char* plan;
};

// A line of sites: here - m1 - m2 - there, each link costs 10.
#define POSTERN_LINE "m1|m2|here-m1=10|m1-m2=10|m2-there=10"

constexpr PlanRow kPlans[] = {
    {"a member in our site: no further fallback", "", "near", "near"},
    {"several of our site are one group", "n2@here", "near,n2", "n2,near"},
    {"members in our site, then those of others by path", POSTERN_LINE, "far,m1-1,near",
     "near > m1-1 > far"},
    {"never ourselves", "", "ours,near", "near"},
    {"a whole site", "f2@there", "site/there", "f2,far"},
    {"remote only: then the rest of its site", "f2@there", "far", "far > f2"},
    {"... and the sites before it, back to us", POSTERN_LINE "|f2@there", "far",
     "far > f2 > m2-1 > m1-1"},
    {"the primary site is the nearest", POSTERN_LINE, "far,m2-1", "m2-1 > far > m1-1"},
    {"the other servers of the primary site come after all members", POSTERN_LINE "|x@m2",
     "far,m2-1", "m2-1 > far > x > m1-1"},
    {"without a path a member is left out", "x|here-there=1", "far,x-1", "far"},
    {"without an address too", "f2@there?", "far,f2", "far"},
    {"a site that takes no mail is left out everywhere", "m1~|m2|here-m1=1|m1-m2=1|m2-there=1",
     "far", "far > m2-1"},
    {"only in sites that take no mail", "there~", "far", ""},
    {"unknown ones are passed over", "", "ghost,far,site/ghost", "far"},
    {"none is known", "", "ghost", ""},
};

TEST(SourceServersTest, PlansFollowTheOrderOfFallbacks) {
  for (const PlanRow& row : kPlans) {
    const auto snapshot = DirectoryOf(base::Cat("A * from=", row.sources), row.map);
    const SourceServers servers(*snapshot, "ours");
    EXPECT_EQ(Shown(servers.PlanFor(snapshot->connectors()[0])), row.plan) << row.fact;
  }
}

TEST(SourceServersTest, AHubIsTriedAndThenWhatIsBeforeIt) {
  const auto snapshot = DirectoryOf("A * from=far", POSTERN_LINE "|h2@m2|m2!");
  const SourceServers servers(*snapshot, "ours");
  EXPECT_EQ(Shown(servers.PlanForHub("m2")), "h2,m2-1 > m1-1");
  EXPECT_EQ(Shown(servers.PlanForHub("nowhere")), "");
}

TEST(SourceServersTest, OnlySourcesMayGetAMessageBack) {
  const auto snapshot = DirectoryOf("A * from=far", "f2@there");
  const SourceServers servers(*snapshot, "ours");
  const model::RelayPlan plan = servers.PlanFor(snapshot->connectors()[0]);
  ASSERT_EQ(Shown(plan), "far > f2");
  EXPECT_TRUE(plan.groups[0][0].source);
  EXPECT_FALSE(plan.groups[1][0].source);
  EXPECT_EQ(plan.groups[0][0].address, "far:7172");
  EXPECT_EQ(plan.groups[0][0].site, "there");
}

TEST(SourceServersTest, AStrangerReachesNothing) {
  const auto snapshot = DirectoryOf("A * from=near");
  const SourceServers servers(*snapshot, "stranger");
  EXPECT_EQ(servers.our_site(), "");
  const Reach reach = servers.ReachOf(snapshot->connectors()[0]);
  EXPECT_EQ(reach.link_cost, kNoPath);
  EXPECT_NE(reach.trouble, "");
  EXPECT_EQ(Shown(servers.PlanFor(snapshot->connectors()[0])), "");
}

}  // namespace
}  // namespace postern::route
