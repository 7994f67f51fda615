// tests/services/mailbox-transport/route/routing_fixture.h
//
// A small language for directories: connectors in one line each.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/text.h"
#include "common/base/units.h"
#include "services/mailbox-transport/route/select.h"

namespace postern::route::testing {

// "name spaces [size=10MB] [off] [host=a.b] [from=mbx-1] [proxy]"; spaces and hosts parted by ",".
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
    if (word == "proxy") connector.frontend_proxy_enabled = true;
    if (word.starts_with("size=")) connector.max_message_size = *base::ParseSize(value);
    if (word.starts_with("from=")) connector.source_transport_servers = {std::string(value)};
    if (!word.starts_with("host=")) continue;
    connector.dns_routing_enabled = false;
    for (const auto host : base::Split(value, ',')) {
      connector.smart_hosts.push_back(*connector::ParseSmartHost(host));
    }
  }
  return connector;
}

// Connectors parted by "|"; the servers ours and near are in site here, far is in site there.
inline directory::SnapshotPtr DirectoryOf(std::string_view connectors) {
  directory::SnapshotParts parts;
  parts.sites = {{"here", {}, ""}, {"there", {}, ""}};
  parts.servers = {{"ours", "here", "", ""}, {"near", "here", "", ""}, {"far", "there", "", ""}};
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

// "Connector -> domain", "unreachable: reason" or "reject 5.3.4".
inline std::string Shown(const Decision& decision) {
  if (const auto* hop = std::get_if<model::NextHop>(&decision)) {
    return base::Cat(hop->connector, " -> ", hop->domain);
  }
  if (const auto* none = std::get_if<Unreachable>(&decision)) {
    return base::Cat("unreachable: ", none->reason);
  }
  const auto& status = std::get<Reject>(decision).status;
  return base::Cat("reject ", status.klass, ".", status.subject, ".", status.detail);
}

}  // namespace postern::route::testing
