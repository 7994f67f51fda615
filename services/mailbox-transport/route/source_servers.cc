#include "services/mailbox-transport/route/source_servers.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::route {

SourceServers::SourceServers(const directory::Snapshot& snapshot, std::string_view our_server)
    : snapshot_(snapshot),
      our_server_(base::LowerAscii(our_server)),
      our_site_(base::LowerAscii(snapshot.SiteOf(our_server))),
      map_(snapshot, our_site_) {}

SourceServers::Members SourceServers::MembersOf(const directory::SendConnector& connector) const {
  Members members;
  for (const std::string& source : connector.source_transport_servers) {
    if (source == our_server_) members.here = members.any = true;
  }
  for (const directory::TransportServer* server : snapshot_.SourcesOf(connector)) {
    if (!members.servers.insert(server).second) continue;
    const std::string site = base::LowerAscii(server->site);
    members.any = true;
    members.here |= base::EqualsIgnoreCase(server->name, our_server_);
    members.in_our_site |= !our_site_.empty() && site == our_site_;
    if (std::find(members.sites.begin(), members.sites.end(), site) == members.sites.end()) {
      members.sites.push_back(site);
    }
  }
  std::sort(members.sites.begin(), members.sites.end(),
            [this](const std::string& a, const std::string& b) { return map_.Nearer(a, b); });
  return members;
}

bool SourceServers::MayRelayTo(const directory::TransportServer& server) const {
  if (server.relay_address.empty()) return false;
  if (base::EqualsIgnoreCase(server.name, our_server_)) return false;
  const directory::Site* const site = snapshot_.FindSite(server.site);
  return site != nullptr && site->inbound_mail_enabled;
}

Reach SourceServers::ReachOf(const directory::SendConnector& connector) const {
  Reach reach;
  const Members members = MembersOf(connector);
  if (members.here) return reach;
  if (!members.any) {
    // Were it passed over, its mail would go by a connector of a wider address space.
    reach.in_scope = !connector.is_scoped_connector;
    reach.hops = reach.link_cost = kNoPath;
    reach.trouble =
        base::Cat("none of the source servers of connector \"", connector.name,
                  "\" is in the directory: ", base::Join(connector.source_transport_servers, ", "));
    return reach;
  }
  reach.in_scope = !connector.is_scoped_connector || members.in_our_site;
  const SitePath* const nearest = map_.PathTo(members.sites.front());
  reach.link_cost = nearest == nullptr ? kNoPath : nearest->cost();
  reach.hops = nearest == nullptr ? kNoPath : kHopsSameSite + nearest->hops();
  Relayed(connector, members, reach);
  return reach;
}

// Where its mail goes from here: to the nearest site with a source server that takes relays.
void SourceServers::Relayed(const directory::SendConnector& connector,
                            const Members& members,
                            Reach& reach) const {
  const auto takes = [&](const std::string& site) {
    const auto& servers = snapshot_.ServersOf(site);
    return std::any_of(servers.begin(), servers.end(), [&](const auto* server) {
      return members.servers.count(server) != 0 && MayRelayTo(*server);
    });
  };
  const auto target = std::find_if(members.sites.begin(), members.sites.end(), takes);
  const SitePath* const path = target == members.sites.end() ? nullptr : map_.PathTo(*target);
  if (path == nullptr) {
    reach.trouble =
        base::Cat("connector \"", connector.name, "\" cannot be reached: ", WhyNone(members));
    return;
  }
  reach.target = *target;
  reach.max_message_size = path->max_message_size;
  reach.smallest_link = path->smallest_link;
  const SiteStop& next = path->next();
  if (next.site == *target) {
    reach.relay.type = model::DeliveryType::kSmtpRelayToConnectorSourceServers;
    reach.relay.domain = reach.relay.connector = connector.name;
  } else {
    reach.relay.type = model::DeliveryType::kSmtpRelayToRemoteActiveDirectorySite;
    reach.relay.domain = next.site;
  }
}

std::string SourceServers::WhyNone(const Members& members) const {
  const std::string sites = base::Join(members.sites, ", ");
  const auto open = [this](const std::string& site) { return map_.PathTo(site) != nullptr; };
  if (std::none_of(members.sites.begin(), members.sites.end(), open)) {
    return base::Cat("no site link leads from site ", our_site_.empty() ? "(unknown)" : our_site_,
                     " to ", sites);
  }
  for (const std::string& name : members.sites) {
    const directory::Site* const site = snapshot_.FindSite(name);
    if (open(name) && site != nullptr && !site->inbound_mail_enabled) {
      return base::Cat("Target Site Inbound Mail Disabled: ", name);
    }
  }
  return base::Cat("no source server in ", sites, " has a relayAddress");
}

void SourceServers::AddGroup(std::string_view site,
                             const Members* members,
                             bool sources_only,
                             model::RelayPlan& plan) const {
  std::vector<model::RelayServer> group;
  for (const directory::TransportServer* server : snapshot_.ServersOf(site)) {
    if (!MayRelayTo(*server)) continue;
    const bool source = members != nullptr && members->servers.count(server) != 0;
    // The sources have had their turn when others come.
    if (members != nullptr && source != sources_only) continue;
    group.push_back({server->name, std::string(site), server->relay_address, source});
  }
  if (!group.empty()) plan.groups.push_back(std::move(group));
}

// From the site before the last one back to the one after ours.
void SourceServers::AddBackOff(const SitePath& path,
                               const Members* members,
                               model::RelayPlan& plan) const {
  for (std::size_t at = path.stops.size() - 1; at-- > 1;)
    AddGroup(path.stops[at].site, members, /*sources_only=*/false, plan);
}

model::RelayPlan SourceServers::PlanFor(const directory::SendConnector& connector) const {
  model::RelayPlan plan;
  const Members members = MembersOf(connector);
  for (const std::string& site : members.sites) {
    if (map_.PathTo(site) != nullptr) AddGroup(site, &members, /*sources_only=*/true, plan);
  }
  if (members.in_our_site || plan.groups.empty()) return plan;
  const std::string primary = plan.groups.front().front().site;
  AddGroup(primary, &members, /*sources_only=*/false, plan);
  AddBackOff(*map_.PathTo(primary), &members, plan);
  return plan;
}

model::RelayPlan SourceServers::PlanForHub(std::string_view site) const {
  model::RelayPlan plan;
  const SitePath* const path = map_.PathTo(site);
  if (path == nullptr) return plan;
  AddGroup(site, nullptr, false, plan);
  AddBackOff(*path, nullptr, plan);
  return plan;
}

}  // namespace postern::route
