// services/mailbox-transport/route/explain.h
//
// Explain: why a recipient goes where it goes, with the rule at which each other connector lost.
//
// Flow      Explain(table, query) -> ToResponse for the admin API.
// Limits    Every connector of the directory is in the answer, the winner first. Of the servers of
//           a relay the first kServersShownMax.
// See       services/mailbox-transport/route/select.h: the same evaluation

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/route/select.h"

namespace postern::route {

inline constexpr std::size_t kServersShownMax = 100;

struct ExplainedCandidate {
  std::string connector;
  bool chosen = false;
  std::string address_space;  // that fits, or empty
  std::uint32_t cost = 0;
  LostAt lost_at = LostAt::kNone;
  std::string reason;  // one sentence
};

struct Explanation {
  Decision decision;
  RoutedAs routed;
  std::vector<ExplainedCandidate> candidates;
  bool frontend_proxy = false;
  std::string snapshot_version;

  // With a relay: the path from our site to that of the source servers, the site where the message
  // stops next, and who is tried there, in groups.
  std::vector<SiteStop> path;
  std::string next_stop;
  model::RelayPlan plan;
};

Explanation Explain(const RouteTable& table, const RecipientQuery& query);

v1::TestRouteResponse ToResponse(const Explanation& explanation);

}  // namespace postern::route
