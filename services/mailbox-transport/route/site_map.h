// services/mailbox-transport/route/site_map.h
//
// SiteMap: the least-cost paths over the site links from our site to every other. Pure.
//
// Flow      SiteMap map(snapshot, our_site), once a snapshot; PathTo(site).
// Lifetime  Immutable; holds nothing of the snapshot.
// Limits    Sites and links as the directory has them; building takes about as long as reading the
//           links' lists of sites.
// See       Set-AdSiteLink, Set-AdSite; docs/decisions/0007-least-cost-paths.md

#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/units.h"
#include "common/directory/snapshot.h"

namespace postern::route {

// The cost of what no link leads to. Sums stay below it.
inline constexpr std::uint32_t kNoPath = std::numeric_limits<std::uint32_t>::max();

// Of two costs, or kNoPath.
std::uint32_t AddCosts(std::uint32_t a, std::uint32_t b);

// One site on a path.
struct SiteStop {
  std::string site;        // lower case
  std::uint32_t cost = 0;  // of the links from our site up to here
  bool hub = false;        // messages stop here: a hub site with a server that takes relays

  bool operator==(const SiteStop&) const = default;
};

struct SitePath {
  std::vector<SiteStop> stops;  // from our site to the destination, both included
  std::uint64_t max_message_size = base::kUnlimited;  // the smallest of its links
  std::string smallest_link;                          // which has it

  std::uint32_t cost() const { return stops.back().cost; }

  std::uint32_t hops() const { return static_cast<std::uint32_t>(stops.size() - 1); }

  // Where a message for the destination goes first: the first hub on the way, or the destination
  // itself.
  const SiteStop& next() const;
};

class SiteMap {
 public:
  SiteMap(const directory::Snapshot& snapshot, std::string_view our_site);

  // Null: no link leads there, or there is no such site. Lower case.
  const SitePath* PathTo(std::string_view site) const;

  // The order in which sites are the nearer ones: cost, hops, then the names on the path, compared
  // from the site nearest the destination backwards. What has no path comes last.
  bool Nearer(std::string_view a, std::string_view b) const;

 private:
  std::unordered_map<std::string, SitePath> paths_;
};

}  // namespace postern::route
