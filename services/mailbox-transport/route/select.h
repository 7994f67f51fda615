// services/mailbox-transport/route/select.h
//
// Select: the next hop of one external recipient, by Exchange's rules.
//
// Flow      size, enabled, address space, specificity, cost, hops, name; the first that differs
//           decides.
// Failure   None: no connector is Unreachable (the message waits), all too small is Reject 5.3.4.
// Limits    Pure: same table and query, same answer. About a microsecond.
// See       services/mailbox-transport/route/explain.h says why the others lost

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "common/mail/reply.h"
#include "services/mailbox-transport/model/next_hop.h"
#include "services/mailbox-transport/route/route_table.h"

namespace postern::route {

// Exchange's LastError of the Unreachable queue.
inline constexpr std::string_view kNoMatchingConnector =
    "A matching connector cannot be found to route the external recipient";

struct RecipientQuery {
  std::string address;  // local@domain
  std::string domain;   // empty: what follows the last @ of the address
  std::string type = "SMTP";
  std::uint64_t size = 0;  // of the message, in bytes
};

// No way for now: the recipient waits in the Unreachable queue until the directory changes.
struct Unreachable {
  std::string reason;

  bool operator==(const Unreachable&) const = default;
};

// No way ever: an NDR.
struct Reject {
  mail::EnhancedStatus status;
  std::string reason;

  bool operator==(const Reject&) const = default;
};

using Decision = std::variant<model::NextHop, Unreachable, Reject>;

Decision Select(const RouteTable& table, const RecipientQuery& query);

// Builds the table for one query: for tests and single questions only.
Decision Select(const directory::Snapshot& snapshot,
                const std::string& our_server,
                const RecipientQuery& query);

// The rule at which a candidate lost; kNone is the winner.
enum class LostAt : std::uint8_t {
  kNone,
  kSize,
  kEnabled,
  kAddressSpace,
  kSpecificity,
  kCost,
  kHops,
  kName,
};

// "size", "enabled", "address space", "specificity", "cost", "hops", "name"; empty for the winner.
std::string_view NameOf(LostAt rule);

// The one comparison: at which rule `candidate` loses against the message and against `winner`
// (null: there is none yet). Without a space the candidate's connector does not fit.
LostAt Judge(const Candidate& candidate, std::uint64_t size, const Candidate* winner);

// One evaluation under Select and Explain: `note`, if given, hears of every candidate that fits,
// the winner among them; without it the evaluation ends at the winner.
using Note = std::function<void(const Candidate&, LostAt)>;
Decision Evaluate(const RouteTable& table, const RecipientQuery& query, const Note& note);

// The domain by which `query` is routed: lower-case A-labels, or an address literal in brackets.
std::string RoutingDomain(const RecipientQuery& query);

}  // namespace postern::route
