#include "services/mailbox-transport/route/route_table.h"

#include <algorithm>
#include <tuple>

#include "common/base/text.h"

namespace postern::route {

namespace {

// Equally specific candidates of one bucket, the best first.
bool Better(const Candidate& a, const Candidate& b) {
  return std::tuple(a.cost, a.hops, a.rank) < std::tuple(b.cost, b.hops, b.rank);
}

std::string OtherKey(std::string_view type, std::string_view space) {
  return base::LowerAscii(base::Cat(type, ":", space));
}

}  // namespace

RouteTable::RouteTable(directory::SnapshotPtr snapshot, std::string our_server)
    : snapshot_(std::move(snapshot)),
      our_server_(base::LowerAscii(our_server)),
      our_site_(base::LowerAscii(snapshot_->SiteOf(our_server_))) {
  std::uint32_t rank = 0;
  for (const connector::SendConnector& connector : snapshot_->connectors()) {
    Candidate candidate;
    candidate.connector = &connector;
    candidate.hops = HopsTo(connector);
    candidate.rank = rank++;
    for (const connector::AddressSpace& space : connector.address_spaces) {
      candidate.space = &space;
      candidate.specificity = space.specificity();
      candidate.cost = space.cost;
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

Hops RouteTable::HopsTo(const connector::SendConnector& connector) const {
  Hops nearest = Hops::kRemote;
  for (const std::string& source : connector.source_transport_servers) {
    const bool whole_site = source.starts_with("site/");
    const std::string site =
        whole_site ? source.substr(5) : base::LowerAscii(snapshot_->SiteOf(source));
    const bool ours = !our_site_.empty() && site == our_site_;
    if (source == our_server_ || (whole_site && ours)) return Hops::kLocal;
    if (ours) nearest = Hops::kSameSite;
  }
  return nearest;
}

void RouteTable::Add(const Candidate& candidate) {
  using Kind = connector::Specificity::Kind;
  const connector::AddressSpace& space = *candidate.space;
  if (!space.smtp()) {
    other_types_[OtherKey(space.type, space.space)].push_back(candidate);
  } else if (candidate.specificity.kind == Kind::kAny) {
    any_.push_back(candidate);
  } else {
    Index& index = candidate.specificity.kind == Kind::kExact ? exact_ : wildcard_;
    index[std::string(space.base())].push_back(candidate);
  }
}

void RouteTable::Visit(std::string_view type,
                       std::string_view domain,
                       const std::function<bool(const Candidate&)>& visit) const {
  const auto visit_all = [&visit](const Bucket& bucket) {
    return std::all_of(bucket.begin(), bucket.end(),
                       [&](const Candidate& candidate) { return visit(candidate); });
  };
  const auto visit_key = [&visit_all](const Index& index, std::string_view key) {
    const auto found = index.find(key);
    return found == index.end() || visit_all(found->second);
  };
  if (type != "SMTP") {
    if (visit_key(other_types_, OtherKey(type, domain)) && domain != "*") {
      visit_key(other_types_, OtherKey(type, "*"));
    }
    return;
  }
  if (!visit_key(exact_, domain)) return;
  // An address literal has no parent domains, though it has dots.
  std::string_view suffix = domain.starts_with('[') ? std::string_view() : domain;
  while (!suffix.empty()) {
    if (!visit_key(wildcard_, suffix)) return;
    const auto dot = suffix.find('.');
    suffix = dot == std::string_view::npos ? std::string_view() : suffix.substr(dot + 1);
  }
  visit_all(any_);
}

}  // namespace postern::route
