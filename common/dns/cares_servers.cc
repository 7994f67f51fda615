#include "common/dns/cares_servers.h"

#include <algorithm>
#include <cstdint>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/dns/question.h"
#include "common/io/endpoint.h"

namespace postern::dns {

namespace {

ares_addr_port_node NodeFor(const io::Endpoint& server) {
  ares_addr_port_node node{};
  node.udp_port = node.tcp_port = server.port;
  const auto& bytes = server.address.bytes;
  if (server.address.is_v4()) {
    node.family = AF_INET;
    std::copy(bytes.begin() + 12, bytes.end(), reinterpret_cast<char*>(&node.addr.addr4));
  } else {
    node.family = AF_INET6;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&node.addr.addr6));
  }
  return node;
}

}  // namespace

absl::StatusOr<std::vector<ares_addr_port_node>> NodesOf(const std::vector<std::string>& servers) {
  std::vector<ares_addr_port_node> nodes;
  for (const std::string& text : servers) {
    POSTERN_ASSIGN_OR_RETURN(const io::Endpoint server, ParseServer(text));
    nodes.push_back(NodeFor(server));
  }
  for (std::size_t i = 1; i < nodes.size(); ++i)
    nodes[i - 1].next = &nodes[i];
  return nodes;
}

std::string ServersOf(ares_channel channel) {
  ares_addr_port_node* first = nullptr;
  if (ares_get_servers_ports(channel, &first) != ARES_SUCCESS) return "";
  std::vector<std::string> names;
  for (const auto* node = first; node != nullptr; node = node->next) {
    io::Endpoint server;
    auto& bytes = server.address.bytes;
    server.port = static_cast<std::uint16_t>(node->udp_port != 0 ? node->udp_port : 53);
    if (node->family == AF_INET) {
      bytes[10] = bytes[11] = 0xFF;
      std::copy_n(reinterpret_cast<const std::uint8_t*>(&node->addr.addr4), 4, bytes.begin() + 12);
    } else {
      std::copy_n(reinterpret_cast<const std::uint8_t*>(&node->addr.addr6), 16, bytes.begin());
    }
    names.push_back(server.ToString());
  }
  ares_free_data(first);
  return base::Join(names, " ");
}

}  // namespace postern::dns
