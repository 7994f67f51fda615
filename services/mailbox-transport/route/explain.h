// services/mailbox-transport/route/explain.h
//
// Explain: why a recipient goes where it goes, with the rule at which each other connector lost.
//
// Flow      Explain(table, query) -> ToResponse for the admin API.
// Limits    Every connector of the directory is in the answer, the winner first.
// See       services/mailbox-transport/route/select.h: the same evaluation

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/route/select.h"

namespace postern::route {

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
  std::vector<ExplainedCandidate> candidates;
  bool frontend_proxy = false;
  std::string snapshot_version;
};

Explanation Explain(const RouteTable& table, const RecipientQuery& query);

v1::TestRouteResponse ToResponse(const Explanation& explanation);

}  // namespace postern::route
