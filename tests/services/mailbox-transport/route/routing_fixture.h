// tests/services/mailbox-transport/route/routing_fixture.h
//
// A small language for directories: connectors in one line each, and a map of sites.
//
// A map has parts that "|" parts:
//   site            a site with the server <site>-1; "!" behind it: a hub; "~": no inbound mail
//   a-b=10          a link of cost 10; a-b-c joins three sites; "/64KB" behind it: its largest
//   name@site       one more server; "?" behind it: without a relay address
//
// Without a map: site here with the servers ours and near, site there with the server far.

#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/text.h"
#include "common/base/units.h"
#include "services/mailbox-transport/route/select.h"

namespace postern::route::testing {

// "name spaces [size=10MB] [off] [scoped] [host=a.b] [from=mbx-1,site/x] [proxy]"; spaces, hosts
// and servers parted by ",".
inline connector::SendConnector ConnectorOf(std::string_view line) {
  const auto words = base::Split(line, ' ');
  connector::SendConnector connector;
  connector.name = std::string(words[0]);
  for (const auto space : base::Split(words[1], ',')) {
    connector.address_spaces.push_back(*connector::AddressSpace::Parse(space));
  }
  connector.source_transport_servers = {"ours"};
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::string_view value = word.substr(word.find('=') + 1);
    if (word == "off") connector.enabled = false;
    if (word == "scoped") connector.is_scoped_connector = true;
    if (word == "proxy") connector.frontend_proxy_enabled = true;
    if (word.starts_with("size=")) connector.max_message_size = *base::ParseSize(value);
    if (word.starts_with("from=")) {
      connector.source_transport_servers.clear();
      for (const auto server : base::Split(value, ','))
        connector.source_transport_servers.emplace_back(server);
    }
    if (!word.starts_with("host=")) continue;
    connector.dns_routing_enabled = false;
    for (const auto host : base::Split(value, ',')) {
      connector.smart_hosts.push_back(*connector::ParseSmartHost(host));
    }
  }
  return connector;
}

inline directory::SiteLink LinkOf(std::string_view part) {
  const auto equals = part.find('=');
  const auto slash = part.find('/');
  directory::SiteLink link;
  link.name = std::string(part.substr(0, equals));
  for (const auto site : base::Split(link.name, '-'))
    link.sites.emplace_back(site);
  const std::string_view cost = part.substr(equals + 1, slash - equals - 1);
  link.cost = static_cast<std::uint32_t>(*base::ParseUnsigned(cost));
  if (slash != std::string_view::npos) {
    link.max_message_size = *base::ParseSize(part.substr(slash + 1));
  }
  if (link.name == "default") link = {"defaultipsitelink", {}, link.cost};
  return link;
}

inline directory::Site& SiteIn(directory::SnapshotParts& parts, std::string_view name) {
  const auto found = std::find_if(parts.sites.begin(), parts.sites.end(),
                                  [name](const auto& site) { return site.name == name; });
  if (found != parts.sites.end()) return *found;
  parts.servers.push_back(
      {base::Cat(name, "-1"), std::string(name), base::Cat(name, "-1:7172"), ""});
  return parts.sites.emplace_back(directory::Site{std::string(name), {}, ""});
}

inline void AddToMap(std::string_view part, directory::SnapshotParts& parts) {
  if (part.find('=') != std::string_view::npos) {
    parts.links.push_back(LinkOf(part));
    return;
  }
  if (const auto at = part.find('@'); at != std::string_view::npos) {
    const bool address = !part.ends_with('?');
    const std::string name(part.substr(0, at));
    const std::string site(part.substr(at + 1, part.size() - at - (address ? 1 : 2)));
    parts.servers.push_back({name, site, address ? base::Cat(name, ":7172") : "", ""});
    return;
  }
  const bool hub = part.ends_with('!');
  const bool closed = part.ends_with('~');
  directory::Site& site = SiteIn(parts, part.substr(0, part.size() - (hub || closed ? 1 : 0)));
  site.hub_site_enabled = hub;
  site.inbound_mail_enabled = !closed;
}

// Connectors parted by "|"; contoso.com is a domain of ours.
inline directory::SnapshotPtr DirectoryOf(std::string_view connectors, std::string_view map = "") {
  directory::SnapshotParts parts;
  parts.sites = {{"here", {}, ""}, {"there", {}, ""}};
  parts.servers = {{"ours", "here", "ours:7172", ""},
                   {"near", "here", "near:7172", ""},
                   {"far", "there", "far:7172", ""}};
  parts.domains = {{"contoso", "contoso.com", directory::DomainType::kAuthoritative, false, ""},
                   {"partner", "partner.com", directory::DomainType::kInternalRelay, false, ""}};
  for (const auto part : base::Split(map, '|')) {
    if (!base::Trim(part).empty()) AddToMap(base::Trim(part), parts);
  }
  for (const auto line : base::Split(connectors, '|')) {
    if (!base::Trim(line).empty()) parts.connectors.push_back(ConnectorOf(base::Trim(line)));
  }
  return directory::MakeSnapshot(std::move(parts));
}

inline RecipientQuery To(std::string_view domain, std::uint64_t size = 1000) {
  RecipientQuery query;
  query.address = base::Cat("joe@", domain);
  query.size = size;
  return query;
}

// "Connector -> domain", "relay to Connector", "relay to hub site", "unreachable: reason" or
// "reject 5.3.4".
inline std::string Shown(const Decision& decision) {
  if (const auto* hop = std::get_if<model::NextHop>(&decision)) {
    if (hop->type == model::DeliveryType::kSmtpRelayToConnectorSourceServers) {
      return base::Cat("relay to ", hop->connector);
    }
    if (hop->type == model::DeliveryType::kSmtpRelayToRemoteActiveDirectorySite) {
      return base::Cat("relay to hub ", hop->domain);
    }
    return base::Cat(hop->connector, " -> ", hop->domain);
  }
  if (const auto* none = std::get_if<Unreachable>(&decision)) {
    return base::Cat("unreachable: ", none->reason);
  }
  const auto& status = std::get<Reject>(decision).status;
  return base::Cat("reject ", status.klass, ".", status.subject, ".", status.detail);
}

// "a-1,a-2 > b-1": the servers of each group.
inline std::string Shown(const model::RelayPlan& plan) {
  std::vector<std::string> groups;
  for (const auto& group : plan.groups) {
    std::vector<std::string> names;
    for (const model::RelayServer& server : group)
      names.push_back(server.name);
    groups.push_back(base::Join(names, ","));
  }
  return base::Join(groups, " > ");
}

}  // namespace postern::route::testing
