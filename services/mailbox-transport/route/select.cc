#include "services/mailbox-transport/route/select.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/mail/address.h"
#include "common/mail/domain.h"
#include "common/mail/enhanced_status.h"
#include "common/mail/imcea.h"

namespace postern::route {

namespace {

bool IsNormal(std::string_view domain) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  };
  return !domain.empty() && domain.back() != '.' &&
         std::all_of(domain.begin(), domain.end(), plain);
}

std::string Normal(std::string_view domain) {
  if (IsNormal(domain)) return std::string(domain);
  if (mail::IsAddressLiteral(domain)) {
    const auto address = mail::LiteralAddress(domain);
    if (!address.ok()) return base::LowerAscii(domain);
    const bool v6 = address->find(':') != std::string::npos;
    return base::Cat(v6 ? "[IPv6:" : "[", *address, "]");
  }
  auto normal = mail::NormalizeDomain(domain);
  // A name that is no domain fits "*" only, and its delivery says what is wrong with it.
  return normal.ok() ? *std::move(normal) : base::LowerAscii(domain);
}

// An IMCEA address of ours names an address of another type; null for all others.
std::optional<mail::TypedAddress> Encapsulated(const directory::Snapshot& snapshot,
                                               std::string_view address,
                                               std::string_view domain) {
  auto typed = mail::FromImcea(address);
  if (!typed) return std::nullopt;
  const directory::AcceptedDomain* const ours = snapshot.AcceptedDomainOf(domain);
  const bool ours_alone =
      ours != nullptr && ours->domain_type == directory::DomainType::kAuthoritative;
  return ours_alone ? std::move(typed) : std::nullopt;
}

// What becomes of a recipient that has its connector.
Decision Way(const Candidate& winner, const RoutedAs& routed, std::uint64_t size) {
  const Reach& reach = *winner.reach;
  if (!reach.trouble.empty()) return Unreachable{reach.trouble};
  if (reach.hops == kHopsHere) return NextHopBy(*winner.connector, routed.address);
  if (reach.max_message_size < size) {
    return Reject{mail::permanent::kMessageTooBigForSystem,
                  base::Cat("the message is larger than the site link ", reach.smallest_link,
                            " on the way to connector \"", winner.connector->name,
                            "\" takes: ", base::FormatSize(reach.max_message_size))};
  }
  return reach.relay;
}

Decision NoConnector(bool too_large, bool smtp) {
  if (too_large) {
    return Reject{mail::permanent::kMessageTooBigForSystem,
                  "the message is larger than every connector for this recipient takes"};
  }
  if (!smtp) {
    return Reject{mail::permanent::kBadDestinationSystemAddress, std::string(kNoMatchingConnector)};
  }
  return Unreachable{std::string(kNoMatchingConnector)};
}

}  // namespace

std::string_view NameOf(LostAt rule) {
  switch (rule) {
    case LostAt::kNone:
      return "";
    case LostAt::kSize:
      return "size";
    case LostAt::kScope:
      return "scope";
    case LostAt::kEnabled:
      return "enabled";
    case LostAt::kAddressSpace:
      return "address space";
    case LostAt::kSpecificity:
      return "specificity";
    case LostAt::kCost:
      return "cost";
    case LostAt::kHops:
      return "hops";
    case LostAt::kName:
      return "name";
  }
  return "";
}

LostAt Judge(const Candidate& candidate, std::uint64_t size, const Candidate* winner) {
  if (candidate.connector->max_message_size < size) return LostAt::kSize;
  if (!candidate.reach->in_scope) return LostAt::kScope;
  if (!candidate.connector->enabled) return LostAt::kEnabled;
  if (candidate.space == nullptr) return LostAt::kAddressSpace;
  if (winner == nullptr) return LostAt::kNone;
  if (candidate.specificity != winner->specificity) return LostAt::kSpecificity;
  if (candidate.cost != winner->cost) return LostAt::kCost;
  if (candidate.hops() != winner->hops()) return LostAt::kHops;
  return LostAt::kName;
}

RoutedAs RoutedBy(const directory::Snapshot& snapshot, const RecipientQuery& query) {
  if (!base::EqualsIgnoreCase(query.type, "SMTP")) {
    return {base::UpperAscii(query.type), query.domain.empty() ? query.address : query.domain};
  }
  std::string domain = Normal(query.domain.empty() ? mail::DomainOf(query.address) : query.domain);
  if (auto typed = Encapsulated(snapshot, query.address, domain)) {
    return {std::move(typed->type), std::move(typed->address)};
  }
  return {"SMTP", std::move(domain)};
}

Decision Evaluate(const RouteTable& table, const RecipientQuery& query, const Note& note) {
  const RoutedAs routed = RoutedBy(table.snapshot(), query);
  if (routed.address.empty()) {
    return Reject{mail::permanent::kBadDestinationMailboxAddressSyntax,
                  "the recipient's address has no domain"};
  }

  const Candidate* winner = nullptr;
  bool too_large = false;
  // The best comes first, so the first that nothing speaks against has won.
  const auto visit = [&](const Candidate& candidate) {
    const LostAt rule = Judge(candidate, query.size, winner);
    if (rule == LostAt::kNone) winner = &candidate;
    if (rule == LostAt::kSize && candidate.connector->enabled && candidate.reach->in_scope) {
      too_large = true;
    }
    if (note) note(candidate, rule);
    return note || winner == nullptr;
  };
  table.Visit(routed.type, routed.address, visit);
  if (winner == nullptr) return NoConnector(too_large, routed.smtp());
  return Way(*winner, routed, query.size);
}

Decision Select(const RouteTable& table, const RecipientQuery& query) {
  return Evaluate(table, query, nullptr);
}

Decision Select(const directory::Snapshot& snapshot,
                const std::string& our_server,
                const RecipientQuery& query) {
  // The table lives no longer than this call, and the caller holds the snapshot that long.
  const RouteTable table(directory::SnapshotPtr(std::shared_ptr<void>(), &snapshot), our_server);
  return Evaluate(table, query, nullptr);
}

}  // namespace postern::route
