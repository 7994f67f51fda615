#include "services/mailbox-transport/route/select.h"

#include <algorithm>
#include <memory>

#include "common/base/text.h"
#include "common/mail/address.h"
#include "common/mail/domain.h"

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

model::NextHop NextHopBy(const connector::SendConnector& connector, std::string domain) {
  model::NextHop hop;
  hop.connector = connector.name;
  if (connector.dns_routing_enabled) {
    hop.type = model::DeliveryType::kDnsConnectorDelivery;
    hop.domain = std::move(domain);
  } else {
    hop.type = model::DeliveryType::kSmartHostConnectorDelivery;
    hop.domain = base::Join(connector.smart_hosts, ",");
  }
  return hop;
}

Decision Conclude(const Candidate* winner, bool too_large, std::string domain, bool smtp) {
  if (winner != nullptr) {
    const connector::SendConnector& connector = *winner->connector;
    if (winner->hops == Hops::kLocal) return NextHopBy(connector, std::move(domain));
    return Unreachable{base::Cat("this server is not a source server of connector \"",
                                 connector.name, "\"; relay between servers is not available")};
  }
  if (too_large) {
    return Reject{{5, 3, 4}, "the message is larger than every connector for this recipient takes"};
  }
  if (!smtp) return Reject{{5, 1, 2}, std::string(kNoMatchingConnector)};
  return Unreachable{std::string(kNoMatchingConnector)};
}

}  // namespace

std::string_view NameOf(LostAt rule) {
  switch (rule) {
    case LostAt::kNone:
      return "";
    case LostAt::kSize:
      return "size";
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
  if (!candidate.connector->enabled) return LostAt::kEnabled;
  if (candidate.space == nullptr) return LostAt::kAddressSpace;
  if (winner == nullptr) return LostAt::kNone;
  if (candidate.specificity != winner->specificity) return LostAt::kSpecificity;
  if (candidate.cost != winner->cost) return LostAt::kCost;
  if (candidate.hops != winner->hops) return LostAt::kHops;
  return LostAt::kName;
}

std::string RoutingDomain(const RecipientQuery& query) {
  if (!base::EqualsIgnoreCase(query.type, "SMTP")) {
    return query.domain.empty() ? query.address : query.domain;
  }
  return Normal(query.domain.empty() ? mail::DomainOf(query.address) : query.domain);
}

Decision Evaluate(const RouteTable& table, const RecipientQuery& query, const Note& note) {
  const bool smtp = base::EqualsIgnoreCase(query.type, "SMTP");
  std::string domain = RoutingDomain(query);
  if (domain.empty()) return Reject{{5, 1, 3}, "the recipient's address has no domain"};

  const Candidate* winner = nullptr;
  bool too_large = false;
  // The best comes first, so the first that nothing speaks against has won.
  const auto visit = [&](const Candidate& candidate) {
    const LostAt rule = Judge(candidate, query.size, winner);
    if (rule == LostAt::kNone) winner = &candidate;
    if (rule == LostAt::kSize && candidate.connector->enabled) too_large = true;
    if (note) note(candidate, rule);
    return note || winner == nullptr;
  };
  table.Visit(smtp ? std::string("SMTP") : base::UpperAscii(query.type), domain, visit);
  return Conclude(winner, too_large, std::move(domain), smtp);
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
