#include "services/mailbox-transport/route/explain.h"

#include <algorithm>
#include <unordered_set>

#include "common/base/text.h"
#include "common/base/units.h"

namespace postern::route {

namespace {

std::string_view Where(Hops hops) {
  switch (hops) {
    case Hops::kLocal:
      return "this server";
    case Hops::kSameSite:
      return "another server of this site";
    case Hops::kRemote:
      return "a server of another site";
  }
  return "";
}

std::string Name(const Candidate& candidate) {
  return base::Cat("\"", candidate.connector->name, "\"");
}

std::string Reason(const Candidate& loser,
                   LostAt rule,
                   const Candidate* winner,
                   const RecipientQuery& query) {
  switch (rule) {
    case LostAt::kNone:
      return base::Cat("it is the best for ", loser.space->ToString());
    case LostAt::kSize:
      return base::Cat("its maxMessageSize is ",
                       base::FormatSize(loser.connector->max_message_size), " and the message has ",
                       query.size, " bytes");
    case LostAt::kEnabled:
      return "it is not enabled";
    case LostAt::kAddressSpace:
      return base::Cat("none of its address spaces fits ", base::Printable(RoutingDomain(query)));
    case LostAt::kSpecificity:
      return base::Cat(winner->space->space, " of ", Name(*winner), " fits more closely");
    case LostAt::kCost:
      return base::Cat("its cost is ", loser.cost, " and that of ", Name(*winner), " is ",
                       winner->cost);
    case LostAt::kHops:
      return base::Cat("its nearest source server is ", Where(loser.hops), " and that of ",
                       Name(*winner), " is ", Where(winner->hops));
    case LostAt::kName:
      return base::Cat("all else is equal and ", Name(*winner), " comes first by name");
  }
  return "";
}

ExplainedCandidate Explained(const Candidate& candidate,
                             LostAt rule,
                             const Candidate* winner,
                             const RecipientQuery& query) {
  ExplainedCandidate out;
  out.connector = candidate.connector->name;
  out.chosen = rule == LostAt::kNone;
  if (candidate.space != nullptr) {
    out.address_space = candidate.space->ToString();
    out.cost = candidate.cost;
  }
  out.lost_at = rule;
  out.reason = Reason(candidate, rule, winner, query);
  return out;
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
  const Candidate* winner = nullptr;
  std::unordered_set<const connector::SendConnector*> heard;
  out.decision = Evaluate(table, query, [&](const Candidate& candidate, LostAt rule) {
    if (rule == LostAt::kNone) winner = &candidate;
    // A connector with several spaces that fit competes with the closest, which comes first.
    if (!heard.insert(candidate.connector).second) return;
    out.candidates.push_back(Explained(candidate, rule, winner, query));
  });
  for (const connector::SendConnector& connector : table.snapshot().connectors()) {
    if (heard.count(&connector) != 0) continue;
    Candidate rest;
    rest.connector = &connector;
    out.candidates.push_back(Explained(rest, Judge(rest, query.size, winner), winner, query));
  }
  std::stable_partition(out.candidates.begin(), out.candidates.end(),
                        [](const auto& candidate) { return candidate.chosen; });
  out.frontend_proxy = winner != nullptr && winner->connector->frontend_proxy_enabled;
  return out;
}

v1::TestRouteResponse ToResponse(const Explanation& explanation) {
  v1::TestRouteResponse response;
  std::visit(ToDecision{response}, explanation.decision);
  response.set_frontend_proxy(explanation.frontend_proxy);
  response.set_snapshot_version(explanation.snapshot_version);
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
