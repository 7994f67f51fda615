// common/dns/cares_servers.h
//
// The name servers of c-ares, from text and back; internal to the resolver.
//
// Failure   kInvalidArgument: a server that is no address.

#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include <ares.h>

namespace postern::dns {

// As a list of c-ares: each leads to the next.
absl::StatusOr<std::vector<ares_addr_port_node>> NodesOf(const std::vector<std::string>& servers);

// "127.0.0.1:5353 [::1]:53", those of the system included.
std::string ServersOf(ares_channel channel);

}  // namespace postern::dns
