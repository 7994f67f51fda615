// services/mailbox-transport/model/relay_plan.h
//
// RelayPlan: the servers of the organization that may take a message, in the order in which they
// are tried.
//
// Flow      route makes it for a NextHop, deliver follows it: group after group, the servers of a
//           group in any order.
// Limits    Every server of the directory is in at most one group.
// See       docs/architecture.md "route" and "deliver"

#pragma once

#include <string>
#include <vector>

namespace postern::model {

struct RelayServer {
  std::string name;
  std::string site;
  std::string address;  // "host:7172"
  bool source = false;  // of the connector: it may get a message that it had before

  bool operator==(const RelayServer&) const = default;
};

struct RelayPlan {
  std::vector<std::vector<RelayServer>> groups;

  bool operator==(const RelayPlan&) const = default;
};

}  // namespace postern::model
