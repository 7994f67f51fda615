#include "services/mailbox-transport/route/site_map.h"

#include <algorithm>

#include "gtest/gtest.h"

#include "common/base/random.h"
#include "tests/services/mailbox-transport/route/routing_fixture.h"

namespace postern::route {
namespace {

using testing::DirectoryOf;

// "here > m(5) > there(12)", with "!" for a hub; "none" without a path.
std::string PathText(const SitePath* path) {
  if (path == nullptr) return "none";
  std::vector<std::string> stops;
  for (const SiteStop& stop : path->stops) {
    const std::string cost = stop.cost == 0 ? "" : base::Cat("(", stop.cost, ")");
    stops.push_back(base::Cat(stop.site, stop.hub ? "!" : "", cost));
  }
  return base::Join(stops, " > ");
}

struct PathRow {
  const char* fact;
  const char* map;
  const char* path;
};

constexpr PathRow kPaths[] = {
    {"the default link", "", "here > there(100)"},
    {"the default link with a cost", "default=7", "here > there(7)"},
    {"one link", "here-there=5", "here > there(5)"},
    {"links are transitive", "m|here-m=5|m-there=7", "here > m(5) > there(12)"},
    {"the cheaper of two ways", "m|here-m=5|m-there=7|here-there=11", "here > there(11)"},
    {"fewer hops at one cost", "m|here-m=5|m-there=5|here-there=10", "here > there(10)"},
    {"then the lower last site", "m|n|here-m=5|m-there=5|here-n=5|n-there=5",
     "here > m(5) > there(10)"},
    {"in any order of links", "m|n|n-there=5|here-n=5|m-there=5|here-m=5",
     "here > m(5) > there(10)"},
    {"the site nearest the destination counts first",
     "a|b|x|y|here-a=1|a-y=1|y-there=1|here-b=1|b-x=1|x-there=1", "here > b(1) > x(2) > there(3)"},
    {"then the one before", "a|b|x|here-a=1|here-b=1|a-x=1|b-x=1|x-there=1",
     "here > a(1) > x(2) > there(3)"},
    {"a link of many sites", "m|n|here-m-n-there=4", "here > there(4)"},
    {"a hub is marked", "m!|here-m=5|m-there=7", "here > m!(5) > there(12)"},
    {"a hub without inbound mail is none", "m~|here-m=5|m-there=7", "here > m(5) > there(12)"},
    {"another link takes a site from the default link", "m|here-m=5", "none"},
};

TEST(SiteMapTest, TakesTheLeastCostPath) {
  for (const PathRow& row : kPaths) {
    const auto snapshot = DirectoryOf("", row.map);
    const SiteMap map(*snapshot, "here");
    EXPECT_EQ(PathText(map.PathTo("there")), row.path) << row.fact;
  }
}

TEST(SiteMapTest, KnowsTheSmallestLinkOfThePath) {
  const auto snapshot =
      DirectoryOf("", "m|here-m=5/1MB|m-there=7/64KB|there-here=99/70KB|m-there=8");
  const SiteMap map(*snapshot, "here");
  EXPECT_EQ(map.PathTo("there")->max_message_size, 64u * 1024);
  EXPECT_EQ(map.PathTo("there")->smallest_link, "m-there");
  EXPECT_EQ(map.PathTo("m")->max_message_size, 1024u * 1024);
  EXPECT_EQ(map.PathTo("here")->max_message_size, base::kUnlimited);
}

TEST(SiteMapTest, WithoutASiteNothingIsReached) {
  const auto snapshot = DirectoryOf("");
  EXPECT_EQ(SiteMap(*snapshot, "").PathTo("here"), nullptr);
  EXPECT_EQ(SiteMap(*snapshot, "ghost").PathTo("here"), nullptr);
}

TEST(SiteMapTest, CostsDoNotOverflow) {
  EXPECT_EQ(AddCosts(1, 2), 3u);
  EXPECT_EQ(AddCosts(kNoPath, 1), kNoPath);
  EXPECT_EQ(AddCosts(kNoPath - 2, 5), kNoPath - 1);
}

// Every simple path, compared by the words of the rule.
class AllPaths {
 public:
  explicit AllPaths(const directory::Snapshot& snapshot) : snapshot_(snapshot) {}

  std::string Best(const std::string& from, const std::string& to) {
    to_ = to;
    Walk({from}, 0);
    return best_;
  }

 private:
  void Walk(std::vector<std::string> path, std::uint32_t cost) {
    if (path.back() == to_) {
      std::vector<std::string> backwards(path.rbegin(), path.rend());
      const std::tuple key(cost, path.size(), backwards);
      if (best_.empty() || key < key_) {
        key_ = key;
        best_ = base::Join(path, " ");
      }
      return;
    }
    for (const directory::SiteLink& link : snapshot_.links()) {
      const auto& sites = link.sites;
      if (std::find(sites.begin(), sites.end(), path.back()) == sites.end()) continue;
      for (const std::string& next : sites) {
        if (std::find(path.begin(), path.end(), next) != path.end()) continue;
        path.push_back(next);
        Walk(path, cost + link.mail_cost());
        path.pop_back();
      }
    }
  }

  const directory::Snapshot& snapshot_;
  std::string to_;
  std::string best_;
  std::tuple<std::uint32_t, std::size_t, std::vector<std::string>> key_;
};

TEST(SiteMapTest, AgreesWithTryingEveryPath) {
  base::SeededRandom random(7);
  int reached = 0;
  for (int round = 0; round < 200; ++round) {
    directory::SnapshotParts parts;
    for (const char* name : {"a", "b", "c", "d", "e", "f"})
      parts.sites.push_back({name, {}, ""});
    for (int i = 0; i < 8; ++i) {
      directory::SiteLink link;
      link.name = base::Cat("l", i);
      for (const directory::Site& site : parts.sites) {
        if (random.Below(3) == 0) link.sites.push_back(site.name);
      }
      link.cost = static_cast<std::uint32_t>(1 + random.Below(4));
      parts.links.push_back(std::move(link));
    }
    // Every site is in a link, so that the default link joins none.
    for (const directory::Site& site : parts.sites)
      parts.links.push_back({base::Cat("own-", site.name), {site.name}});
    const auto snapshot = directory::MakeSnapshot(std::move(parts));
    const SiteMap map(*snapshot, "a");
    for (const char* to : {"b", "c", "d", "e", "f"}) {
      std::vector<std::string> sites;
      if (const SitePath* const path = map.PathTo(to)) {
        for (const SiteStop& stop : path->stops)
          sites.push_back(stop.site);
        ++reached;
      }
      EXPECT_EQ(base::Join(sites, " "), AllPaths(*snapshot).Best("a", to)) << round << to;
    }
  }
  EXPECT_GT(reached, 500);
}

}  // namespace
}  // namespace postern::route
