#include "services/mailbox-transport/route/route_table.h"

#include <algorithm>
#include <tuple>

#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::route {

namespace {

constexpr std::string_view kX400 = "X400";

// Equally specific candidates of one bucket, the best first.
bool Better(const Candidate& a, const Candidate& b) {
  return std::tuple(a.cost, a.hops(), a.rank) < std::tuple(b.cost, b.hops(), b.rank);
}

std::string OtherKey(std::string_view type, std::string_view space) {
  return base::LowerAscii(base::Cat(type, ":", space));
}

}  // namespace

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

RouteTable::RouteTable(directory::SnapshotPtr snapshot, std::string_view our_server)
    : snapshot_(std::move(snapshot)), sources_(*snapshot_, our_server) {
  reaches_.reserve(snapshot_->connectors().size());
  for (const connector::SendConnector& connector : snapshot_->connectors())
    reaches_.push_back(sources_.ReachOf(connector));
  for (std::size_t rank = 0; rank < reaches_.size(); ++rank) {
    Candidate candidate;
    candidate.connector = &snapshot_->connectors()[rank];
    candidate.reach = &reaches_[rank];
    candidate.rank = static_cast<std::uint32_t>(rank);
    for (const connector::AddressSpace& space : candidate.connector->address_spaces) {
      candidate.space = &space;
      candidate.specificity = space.specificity();
      candidate.cost = AddCosts(space.cost, candidate.reach->link_cost);
      Add(candidate);
    }
  }
  const auto sort = [](Index& index) {
    for (auto& [key, bucket] : index)
      std::sort(bucket.begin(), bucket.end(), Better);
  };
  sort(exact_);
  sort(wildcard_);
  sort(other_types_);
  std::sort(any_.begin(), any_.end(), Better);
}

void RouteTable::Add(const Candidate& candidate) {
  using Kind = connector::Specificity::Kind;
  const connector::AddressSpace& space = *candidate.space;
  if (!space.smtp()) {
    auto x400 = space.type == kX400 ? mail::ParseX400(space.space) : std::nullopt;
    if (!x400) {
      other_types_[OtherKey(space.type, space.space)].push_back(candidate);
      return;
    }
    x400_.push_back({*std::move(x400), candidate});
    // The more attributes a space names, the closer it fits.
    X400Space& added = x400_.back();
    added.candidate.specificity = {Kind::kWildcard,
                                   static_cast<std::uint16_t>(added.address.attributes.size())};
  } else if (candidate.specificity.kind == Kind::kAny) {
    any_.push_back(candidate);
  } else {
    Index& index = candidate.specificity.kind == Kind::kExact ? exact_ : wildcard_;
    index[std::string(space.base())].push_back(candidate);
  }
}

std::vector<const Candidate*> RouteTable::X400Fitting(std::string_view address) const {
  std::vector<const Candidate*> fitting;
  const auto parsed = mail::ParseX400(address);
  if (!parsed) return fitting;
  for (const X400Space& each : x400_) {
    if (each.address.Holds(*parsed)) fitting.push_back(&each.candidate);
  }
  std::sort(fitting.begin(), fitting.end(), [](const Candidate* a, const Candidate* b) {
    return a->specificity != b->specificity ? a->specificity > b->specificity : Better(*a, *b);
  });
  return fitting;
}

void RouteTable::VisitOther(std::string_view type,
                            std::string_view address,
                            const std::function<bool(const Candidate&)>& visit) const {
  const auto visit_key = [&](std::string_view space) {
    const auto found = other_types_.find(OtherKey(type, space));
    return found == other_types_.end() ||
           std::all_of(found->second.begin(), found->second.end(), std::cref(visit));
  };
  if (!visit_key(address)) return;
  if (type == kX400) {
    for (const Candidate* candidate : X400Fitting(address)) {
      if (!visit(*candidate)) return;
    }
  }
  if (address != "*") visit_key("*");
}

void RouteTable::Visit(std::string_view type,
                       std::string_view address,
                       const std::function<bool(const Candidate&)>& visit) const {
  if (type != "SMTP") return VisitOther(type, address, visit);
  const auto visit_all = [&visit](const Bucket& bucket) {
    return std::all_of(bucket.begin(), bucket.end(), std::cref(visit));
  };
  const auto visit_key = [&visit_all](const Index& index, std::string_view key) {
    const auto found = index.find(key);
    return found == index.end() || visit_all(found->second);
  };
  if (!visit_key(exact_, address)) return;
  // An address literal has no parent domains, though it has dots.
  std::string_view suffix = address.starts_with('[') ? std::string_view() : address;
  while (!suffix.empty()) {
    if (!visit_key(wildcard_, suffix)) return;
    const auto dot = suffix.find('.');
    suffix = dot == std::string_view::npos ? std::string_view() : suffix.substr(dot + 1);
  }
  visit_all(any_);
}

const Reach& RouteTable::ReachOf(const connector::SendConnector& connector) const {
  const auto rank = &connector - snapshot_->connectors().data();
  POSTERN_CHECK(rank >= 0 && static_cast<std::size_t>(rank) < reaches_.size());
  return reaches_[static_cast<std::size_t>(rank)];
}

const SitePath* RouteTable::RelayPath(const connector::SendConnector& connector) const {
  const Reach& reach = ReachOf(connector);
  return reach.target.empty() ? nullptr : sources_.map().PathTo(reach.target);
}

model::RelayPlan RouteTable::Plan(const model::NextHop& hop) const {
  if (hop.type == model::DeliveryType::kSmtpRelayToRemoteActiveDirectorySite) {
    return sources_.PlanForHub(hop.domain);
  }
  const connector::SendConnector* const connector = snapshot_->FindConnector(hop.connector);
  return connector == nullptr ? model::RelayPlan() : sources_.PlanFor(*connector);
}

bool RouteTable::StillRight(const model::NextHop& hop) const {
  if (hop.type == model::DeliveryType::kUnreachable) return false;
  if (hop.type == model::DeliveryType::kSmtpRelayToRemoteActiveDirectorySite) {
    return !ConnectorsVia(hop.domain).empty();
  }
  const connector::SendConnector* const connector = snapshot_->FindConnector(hop.connector);
  if (connector == nullptr || !connector->enabled) return false;
  const Reach& reach = ReachOf(*connector);
  if (!reach.in_scope || !reach.trouble.empty()) return false;
  if (model::IsRelay(hop.type)) return reach.relay == hop;
  return reach.hops == kHopsHere && NextHopBy(*connector, hop.domain) == hop;
}

std::vector<std::string> RouteTable::ConnectorsVia(std::string_view hub_site) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < reaches_.size(); ++i) {
    const Reach& reach = reaches_[i];
    const connector::SendConnector& connector = snapshot_->connectors()[i];
    const bool via =
        reach.relay.type == model::DeliveryType::kSmtpRelayToRemoteActiveDirectorySite &&
        reach.relay.domain == hub_site;
    if (via && connector.enabled && reach.in_scope) names.push_back(connector.name);
  }
  return names;
}

}  // namespace postern::route
