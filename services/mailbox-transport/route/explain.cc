#include "services/mailbox-transport/route/explain.h"

#include <algorithm>
#include <unordered_set>

#include "common/base/text.h"
#include "common/base/units.h"

namespace postern::route {

namespace {

std::string Where(std::uint32_t hops) {
  if (hops == kHopsHere) return "this server";
  if (hops == kHopsSameSite) return "another server of this site";
  if (hops == kNoPath) return "out of reach";
  const std::uint32_t links = hops - kHopsSameSite;
  return base::Cat("a server ", links, links == 1 ? " site link away" : " site links away");
}

std::string Name(const Candidate& candidate) {
  return base::Cat("\"", candidate.connector->name, "\"");
}

// "201, of which 200 for site links".
std::string Cost(const Candidate& candidate) {
  if (candidate.cost == kNoPath)
    return "without limit, as no site link leads to a source server of it,";
  const std::uint32_t links = candidate.reach->link_cost;
  if (links == 0) return base::Cat(candidate.cost);
  return base::Cat(candidate.cost, ", of which ", links, " for site links,");
}

std::string Reason(const Candidate& loser,
                   LostAt rule,
                   const Candidate* winner,
                   const RouteTable& table,
                   const RecipientQuery& query) {
  switch (rule) {
    case LostAt::kNone:
      return base::Cat("it is the best for ", loser.space->ToString());
    case LostAt::kSize:
      return base::Cat("its maxMessageSize is ",
                       base::FormatSize(loser.connector->max_message_size), " and the message has ",
                       query.size, " bytes");
    case LostAt::kScope:
      return base::Cat("it is scoped and has no source server in site ",
                       table.our_site().empty() ? "(unknown)" : table.our_site(),
                       ", where this server is");
    case LostAt::kEnabled:
      return "it is not enabled";
    case LostAt::kAddressSpace: {
      const RoutedAs routed = RoutedBy(table.snapshot(), query);
      return base::Cat("none of its address spaces fits ",
                       routed.smtp() ? "" : base::Cat(routed.type, ":"),
                       base::Printable(routed.address));
    }
    case LostAt::kSpecificity:
      return base::Cat(winner->space->space, " of ", Name(*winner), " fits more closely");
    case LostAt::kCost:
      return base::Cat("its cost is ", Cost(loser), " and that of ", Name(*winner), " is ",
                       winner->cost);
    case LostAt::kHops:
      return base::Cat("its nearest source server is ", Where(loser.hops()), " and that of ",
                       Name(*winner), " is ", Where(winner->hops()));
    case LostAt::kName:
      return base::Cat("all else is equal and ", Name(*winner), " comes first by name");
  }
  return "";
}

ExplainedCandidate Explained(const Candidate& candidate,
                             LostAt rule,
                             const Candidate* winner,
                             const RouteTable& table,
                             const RecipientQuery& query) {
  ExplainedCandidate out;
  out.connector = candidate.connector->name;
  out.chosen = rule == LostAt::kNone;
  if (candidate.space != nullptr) {
    out.address_space = candidate.space->ToString();
    out.cost = candidate.cost;
  }
  out.lost_at = rule;
  out.reason = Reason(candidate, rule, winner, table, query);
  return out;
}

// The sites of a relay, its next stop and who may take it there.
void AddRelay(const RouteTable& table, const Candidate& winner, Explanation& out) {
  const auto* const hop = std::get_if<model::NextHop>(&out.decision);
  if (hop == nullptr || !model::IsRelay(hop->type)) return;
  const SitePath* const path = table.RelayPath(*winner.connector);
  if (path == nullptr) return;
  out.path = path->stops;
  out.next_stop = path->next().site;
  out.plan = table.Plan(*hop);
}

struct ToDecision {
  v1::TestRouteResponse& response;

  void operator()(const model::NextHop& hop) const {
    response.set_decision("next-hop");
    response.set_delivery_type(std::string(model::NameOf(hop.type)));
    response.set_next_hop_domain(hop.domain);
    response.set_connector(hop.connector);
  }

  void operator()(const Unreachable& unreachable) const {
    response.set_decision("unreachable");
    response.set_reason(unreachable.reason);
    response.set_delivery_type(std::string(model::NameOf(model::DeliveryType::kUnreachable)));
  }

  void operator()(const Reject& reject) const {
    response.set_decision("reject");
    response.set_reason(reject.reason);
    response.set_enhanced_status(reject.status.ToString());
  }
};

}  // namespace

Explanation Explain(const RouteTable& table, const RecipientQuery& query) {
  Explanation out;
  out.snapshot_version = table.version();
  out.routed = RoutedBy(table.snapshot(), query);
  const Candidate* winner = nullptr;
  std::unordered_set<const connector::SendConnector*> heard;
  out.decision = Evaluate(table, query, [&](const Candidate& candidate, LostAt rule) {
    if (rule == LostAt::kNone) winner = &candidate;
    // A connector with several spaces that fit competes with the closest, which comes first.
    if (!heard.insert(candidate.connector).second) return;
    out.candidates.push_back(Explained(candidate, rule, winner, table, query));
  });
  for (const connector::SendConnector& connector : table.snapshot().connectors()) {
    if (heard.count(&connector) != 0) continue;
    Candidate rest;
    rest.connector = &connector;
    rest.reach = &table.ReachOf(connector);
    const LostAt rule = Judge(rest, query.size, winner);
    out.candidates.push_back(Explained(rest, rule, winner, table, query));
  }
  std::stable_partition(out.candidates.begin(), out.candidates.end(),
                        [](const auto& candidate) { return candidate.chosen; });
  if (winner == nullptr) return out;
  out.frontend_proxy = winner->connector->frontend_proxy_enabled;
  AddRelay(table, *winner, out);
  return out;
}

v1::TestRouteResponse ToResponse(const Explanation& explanation) {
  v1::TestRouteResponse response;
  std::visit(ToDecision{response}, explanation.decision);
  // The queue of a hub is of no connector; this recipient has one.
  if (!explanation.next_stop.empty()) response.set_connector(explanation.candidates[0].connector);
  response.set_frontend_proxy(explanation.frontend_proxy);
  response.set_snapshot_version(explanation.snapshot_version);
  response.set_address_type(explanation.routed.type);
  response.set_routed_address(explanation.routed.address);
  for (const SiteStop& stop : explanation.path) {
    v1::RouteSite& site = *response.add_path();
    site.set_site(stop.site);
    site.set_cost(stop.cost);
    site.set_hub(stop.hub);
  }
  response.set_next_stop(explanation.next_stop);
  std::uint32_t group = 0;
  for (const auto& servers : explanation.plan.groups) {
    ++group;
    for (const model::RelayServer& server : servers) {
      if (static_cast<std::size_t>(response.servers_size()) == kServersShownMax) break;
      v1::RouteServer& out = *response.add_servers();
      out.set_name(server.name);
      out.set_site(server.site);
      out.set_address(server.address);
      out.set_group(group);
    }
  }
  for (const ExplainedCandidate& each : explanation.candidates) {
    v1::RouteCandidate& out = *response.add_candidates();
    out.set_connector(each.connector);
    out.set_chosen(each.chosen);
    out.set_address_space(each.address_space);
    out.set_cost(each.cost);
    out.set_lost_at(std::string(NameOf(each.lost_at)));
    out.set_reason(each.reason);
  }
  return response;
}

}  // namespace postern::route
