#include "common/directory/snapshot.h"

#include <algorithm>
#include <tuple>

#include "common/base/text.h"
#include "common/connector/content_hash.h"
#include "common/directory/rules.h"

namespace postern::directory {

namespace {

template <typename Object>
void SortByName(std::vector<Object>& objects) {
  struct Place {
    std::string lower;
    Object* object;
  };

  std::vector<Place> places;
  places.reserve(objects.size());
  for (Object& object : objects)
    places.push_back({base::LowerAscii(object.name), &object});
  // Names of one snapshot differ without regard to case; the second part keeps any input in order.
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(a.lower, a.object->name) < std::tie(b.lower, b.object->name);
  });
  std::vector<Object> sorted;
  sorted.reserve(objects.size());
  for (const Place& place : places)
    sorted.push_back(std::move(*place.object));
  objects = std::move(sorted);
}

template <typename Object>
auto IndexByName(const std::vector<Object>& objects) {
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    index.emplace(base::LowerAscii(objects[i].name), i);
  }
  return index;
}

template <typename Object>
const Object* Find(const std::vector<Object>& objects,
                   const std::unordered_map<std::string, std::size_t>& index,
                   std::string_view name) {
  const auto found = index.find(base::LowerAscii(name));
  return found == index.end() ? nullptr : &objects[found->second];
}

std::string VersionOf(const SnapshotParts& parts) {
  std::string content;
  for (const SendConnector& each : parts.connectors) {
    content += base::Cat("C", each.version);  // a hash of its content already
  }
  for (const Site& each : parts.sites) {
    content += base::Cat("S", connector::ContentHash(ToResource(each)));
  }
  for (const SiteLink& each : parts.links) {
    content += base::Cat("L", connector::ContentHash(ToResource(each)));
  }
  for (const TransportServer& each : parts.servers) {
    content += base::Cat("T", connector::ContentHash(ToResource(each)));
  }
  for (const AcceptedDomain& each : parts.domains) {
    content += base::Cat("D", connector::ContentHash(ToResource(each)));
  }
  content += base::Cat("G", connector::ContentHash(ToResource(parts.config)));
  return connector::ContentHash(content);
}

}  // namespace

Snapshot::Snapshot(SnapshotParts parts) : parts_(std::move(parts)) {
  SortByName(parts_.connectors);
  SortByName(parts_.sites);
  SortByName(parts_.links);
  SortByName(parts_.servers);
  SortByName(parts_.domains);
  for (SendConnector& each : parts_.connectors) {
    if (each.version.empty()) each.version = connector::ContentHash(ToResource(each));
  }
  version_ = VersionOf(parts_);
  connector_index_ = IndexByName(parts_.connectors);
  site_index_ = IndexByName(parts_.sites);
  server_index_ = IndexByName(parts_.servers);
  for (const TransportServer& server : parts_.servers)
    servers_by_site_[base::LowerAscii(server.site)].push_back(&server);
}

const SendConnector* Snapshot::FindConnector(std::string_view name) const {
  return Find(parts_.connectors, connector_index_, name);
}

const Site* Snapshot::FindSite(std::string_view name) const {
  return Find(parts_.sites, site_index_, name);
}

const TransportServer* Snapshot::FindServer(std::string_view name) const {
  return Find(parts_.servers, server_index_, name);
}

std::string_view Snapshot::SiteOf(std::string_view server) const {
  const TransportServer* found = FindServer(server);
  return found == nullptr ? std::string_view() : std::string_view(found->site);
}

const std::vector<std::string>& Snapshot::FrontEndsOf(std::string_view site) const {
  static const std::vector<std::string> kNone;
  const Site* found = FindSite(site);
  return found == nullptr ? kNone : found->front_ends;
}

const std::vector<const TransportServer*>& Snapshot::ServersOf(std::string_view site) const {
  static const std::vector<const TransportServer*> kNone;
  const auto found = servers_by_site_.find(base::LowerAscii(site));
  return found == servers_by_site_.end() ? kNone : found->second;
}

std::vector<const TransportServer*> Snapshot::SourcesOf(const SendConnector& connector) const {
  std::vector<const TransportServer*> sources;
  for (const std::string& source : connector.source_transport_servers) {
    if (const auto site = connector::SiteIn(source)) {
      const auto& servers = ServersOf(*site);
      sources.insert(sources.end(), servers.begin(), servers.end());
    } else if (const TransportServer* server = FindServer(source)) {
      sources.push_back(server);
    }
  }
  return sources;
}

const AcceptedDomain* Snapshot::AcceptedDomainOf(std::string_view domain) const {
  const AcceptedDomain* best = nullptr;
  for (const AcceptedDomain& each : parts_.domains) {
    const std::string_view name = each.domain_name;
    if (name == domain) return &each;
    const bool wildcard = name.starts_with("*.");
    const bool within = wildcard && (domain == name.substr(2) || domain.ends_with(name.substr(1)));
    if (within && (best == nullptr || name.size() > best->domain_name.size())) best = &each;
  }
  return best;
}

bool Snapshot::SendsDomainSecure(std::string_view domain) const {
  const auto& list = parts_.config.tls_send_domain_secure_list;
  return std::find(list.begin(), list.end(), domain) != list.end();
}

std::string Snapshot::PostmasterAddress() const {
  if (!parts_.config.external_postmaster_address.empty()) {
    return parts_.config.external_postmaster_address;
  }
  for (const AcceptedDomain& each : parts_.domains) {
    if (each.is_default) return base::Cat("postmaster@", each.domain_name);
  }
  return "";
}

}  // namespace postern::directory
