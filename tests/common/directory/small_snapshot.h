// tests/common/directory/small_snapshot.h
//
// WithServer: a directory of one site with one server, to be told from others by its name.

#pragma once

#include <string>
#include <utility>

#include "common/directory/snapshot.h"

namespace postern::directory::testing {

inline SnapshotPtr WithServer(const std::string& name) {
  SnapshotParts parts;
  parts.sites.emplace_back().name = "main";
  TransportServer& server = parts.servers.emplace_back();
  server.name = name;
  server.site = "main";
  return MakeSnapshot(std::move(parts));
}

}  // namespace postern::directory::testing
