// services/mailbox-transport/route/route_table.h
//
// RouteTable: a snapshot's connectors as one server sees them, indexed by address space.
//
// Flow      RouteTable table(snapshot, our_server), once a snapshot; Select(table, query), for
//           each recipient; Explain(table, query), for administrators.
// Lifetime  Immutable; keeps its snapshot alive. Share it between threads by
//           std::shared_ptr<const>.
// Limits    A lookup costs one probe for each label of the domain.
// See       docs/architecture.md "route"

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/directory/snapshot.h"
#include "services/mailbox-transport/model/next_hop.h"

namespace postern::route {

// How far the nearest source server of a connector is from us.
enum class Hops : std::uint8_t { kLocal = 0, kSameSite = 1, kRemote = 2 };

// One address space of one connector: what competes for a recipient.
struct Candidate {
  const connector::SendConnector* connector = nullptr;
  const connector::AddressSpace* space = nullptr;
  connector::Specificity specificity;
  std::uint32_t cost = 0;  // aggregate
  Hops hops = Hops::kLocal;
  std::uint32_t rank = 0;  // of the connector's name
};

class RouteTable {
 public:
  RouteTable(directory::SnapshotPtr snapshot, std::string our_server);
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  const directory::Snapshot& snapshot() const { return *snapshot_; }

  const std::string& our_server() const { return our_server_; }

  const std::string& version() const { return snapshot_->version(); }

  // Calls `visit` with every candidate whose space fits, the best first by specificity, cost, hops
  // and name, until it returns false. `domain` is normalised; `type` is upper case.
  void Visit(std::string_view type,
             std::string_view domain,
             const std::function<bool(const Candidate&)>& visit) const;

 private:
  struct TextHash {
    using is_transparent = void;

    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  using Bucket = std::vector<Candidate>;
  using Index = std::unordered_map<std::string, Bucket, TextHash, std::equal_to<>>;

  Hops HopsTo(const connector::SendConnector& connector) const;
  void Add(const Candidate& candidate);

  const directory::SnapshotPtr snapshot_;
  const std::string our_server_;  // lower case
  const std::string our_site_;    // lower case; empty when the directory does not know us
  Index exact_;
  Index wildcard_;  // by the domain after "*."
  Bucket any_;
  Index other_types_;  // by "TYPE:space" in lower case; "TYPE:*" is every address of the type
};

}  // namespace postern::route
