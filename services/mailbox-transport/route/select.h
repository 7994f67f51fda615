// services/mailbox-transport/route/select.h
//
// Select: the next hop of one external recipient, by Exchange's rules.
//
// Flow      size, scope, enabled, address space, specificity, cost, hops, name; the first that
//           differs decides. Then the way: this server, or a relay.
// Failure   None: no connector, or no way to the one that was chosen, is Unreachable (the message
//           waits); all too small is Reject 5.3.4, none for a type that is not SMTP is 5.1.2.
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
  std::string address;  // local@domain; of another type, in its form
  std::string domain;   // empty: what follows the last @ of the address
  std::string type = "SMTP";
  std::uint64_t size = 0;  // of the message, in bytes: model::Message::routed_size
};

// What a recipient is routed by.
struct RoutedAs {
  std::string type;     // upper case
  std::string address;  // SMTP: the domain as lower-case A-labels, or a literal in brackets; else
                        // the address in the form of its type

  bool smtp() const { return type == "SMTP"; }
};

// An address in IMCEA form of a domain that we are the authority of is what it encapsulates.
RoutedAs RoutedBy(const directory::Snapshot& snapshot, const RecipientQuery& query);

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
  kScope,
  kEnabled,
  kAddressSpace,
  kSpecificity,
  kCost,
  kHops,
  kName,
};

// "size", "scope", "enabled", "address space", "specificity", "cost", "hops", "name"; empty for the
// winner.
std::string_view NameOf(LostAt rule);

// The one comparison: at which rule `candidate` loses against the message and against `winner`
// (null: there is none yet). Without a space the candidate's connector does not fit.
LostAt Judge(const Candidate& candidate, std::uint64_t size, const Candidate* winner);

// One evaluation under Select and Explain: `note`, if given, hears of every candidate that fits,
// the winner among them; without it the evaluation ends at the winner.
using Note = std::function<void(const Candidate&, LostAt)>;
Decision Evaluate(const RouteTable& table, const RecipientQuery& query, const Note& note);

}  // namespace postern::route
