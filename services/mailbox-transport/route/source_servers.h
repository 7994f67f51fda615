// services/mailbox-transport/route/source_servers.h
//
// SourceServers: where the source servers of each connector are, seen from this server, and in
// which order the servers of the organization are tried for a relay. Pure.
//
// Flow      ReachOf(connector) for selection; PlanFor(connector) or PlanForHub(site) for a relay.
// Failure   A connector that cannot be reached says why in Reach::trouble; it still competes, so
//           that a mistake in it lets no mail leak to a wider address space. Without any source
//           server it is as one that no link leads to, and when scoped in no site.
// Lifetime  Borrows the snapshot.
// Limits    A plan holds each server at most once.
// See       Exchange: delivery groups, hub sites, queue at point of failure

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/directory/snapshot.h"
#include "services/mailbox-transport/model/next_hop.h"
#include "services/mailbox-transport/model/relay_plan.h"
#include "services/mailbox-transport/route/site_map.h"

namespace postern::route {

// How far a source server is from us, in steps.
inline constexpr std::uint32_t kHopsHere = 0;      // this server
inline constexpr std::uint32_t kHopsSameSite = 1;  // another one of our site; then one a link

// A connector's source servers, seen from this server.
struct Reach {
  bool in_scope = true;            // this server may use the connector
  std::uint32_t hops = kHopsHere;  // to the nearest source server; kNoPath
  std::uint32_t link_cost = 0;     // of the site links to its site; kNoPath
  std::string trouble;             // why nothing can go there; empty when it can

  // With hops beyond this server and without trouble:
  model::NextHop relay;
  std::string target;                                 // the site to whose source servers it goes
  std::uint64_t max_message_size = base::kUnlimited;  // of the links on the way
  std::string smallest_link;
};

class SourceServers {
 public:
  SourceServers(const directory::Snapshot& snapshot, std::string_view our_server);

  const std::string& our_site() const { return our_site_; }

  const SiteMap& map() const { return map_; }

  Reach ReachOf(const directory::SendConnector& connector) const;

  // The connector's servers in the nearest site, then those in other sites by path; when none is in
  // our site, then the other servers of the nearest site, and those of the sites before it on the
  // path, back towards us.
  model::RelayPlan PlanFor(const directory::SendConnector& connector) const;
  // The servers of the hub site, then those of the sites before it on the path.
  model::RelayPlan PlanForHub(std::string_view site) const;

 private:
  // The source servers that exist, by site in the order of nearness; ours among them.
  struct Members {
    bool here = false;
    bool any = false;
    bool in_our_site = false;
    std::vector<std::string> sites;
    std::unordered_set<const directory::TransportServer*> servers;
  };

  Members MembersOf(const directory::SendConnector& connector) const;
  // Whether a relay may go to this server: not to ourselves, nor where it has no address.
  bool MayRelayTo(const directory::TransportServer& server) const;
  void Relayed(const directory::SendConnector& connector,
               const Members& members,
               Reach& reach) const;
  std::string WhyNone(const Members& members) const;
  void AddGroup(std::string_view site,
                const Members* members,
                bool sources_only,
                model::RelayPlan& plan) const;
  void AddBackOff(const SitePath& path, const Members* members, model::RelayPlan& plan) const;

  const directory::Snapshot& snapshot_;
  const std::string our_server_;  // lower case
  const std::string our_site_;    // lower case; empty when the directory does not know us
  const SiteMap map_;
};

}  // namespace postern::route
