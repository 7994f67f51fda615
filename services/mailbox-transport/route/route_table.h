// services/mailbox-transport/route/route_table.h
//
// RouteTable: a snapshot's connectors as one server sees them, indexed by address space.
//
// Flow      RouteTable table(snapshot, our_server), once a snapshot; Select(table, query), for
//           each recipient; Explain(table, query), for administrators. Plan(hop) for a relay;
//           StillRight(hop) for what waits when the directory has changed.
// Lifetime  Immutable; keeps its snapshot alive. Share it between threads by
//           std::shared_ptr<const>.
// Limits    A lookup costs one probe for each label of the domain; of the type X400 one comparison
//           for each space.
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
#include "common/mail/x400_address.h"
#include "services/mailbox-transport/model/next_hop.h"
#include "services/mailbox-transport/model/relay_plan.h"
#include "services/mailbox-transport/route/source_servers.h"

namespace postern::route {

// One address space of one connector: what competes for a recipient.
struct Candidate {
  const connector::SendConnector* connector = nullptr;
  const Reach* reach = nullptr;
  const connector::AddressSpace* space = nullptr;
  connector::Specificity specificity;
  std::uint32_t cost = 0;  // aggregate: of the space and of the links; kNoPath
  std::uint32_t rank = 0;  // of the connector's name

  std::uint32_t hops() const { return reach->hops; }
};

class RouteTable {
 public:
  RouteTable(directory::SnapshotPtr snapshot, std::string_view our_server);
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  const directory::Snapshot& snapshot() const { return *snapshot_; }

  const std::string& our_site() const { return sources_.our_site(); }

  const std::string& version() const { return snapshot_->version(); }

  // Calls `visit` with every candidate whose space fits, the best first by specificity, cost, hops
  // and name, until it returns false. Candidates live as long as the table. `type` is upper case;
  // `address` is a normalised domain for SMTP, else the address in the form of its type.
  void Visit(std::string_view type,
             std::string_view address,
             const std::function<bool(const Candidate&)>& visit) const;

  // How this server sees a connector of the snapshot.
  const Reach& ReachOf(const connector::SendConnector& connector) const;
  // The path on which its mail is relayed; null when it is not.
  const SitePath* RelayPath(const connector::SendConnector& connector) const;

  // Where a relay by `hop` may go; no groups when it is not right any more.
  model::RelayPlan Plan(const model::NextHop& hop) const;
  // Whether mail that is queued for `hop` may stay there: its connector is there, enabled and sends
  // as it did, and a relay goes the way that it went.
  bool StillRight(const model::NextHop& hop) const;
  // The names of the connectors whose mail goes to this hub, in order: what waits for a hub is not
  // known by its connector.
  std::vector<std::string> ConnectorsVia(std::string_view hub_site) const;

 private:
  struct TextHash {
    using is_transparent = void;

    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  struct X400Space {
    mail::X400Address address;
    Candidate candidate;
  };

  using Bucket = std::vector<Candidate>;
  using Index = std::unordered_map<std::string, Bucket, TextHash, std::equal_to<>>;

  void Add(const Candidate& candidate);
  void VisitOther(std::string_view type,
                  std::string_view address,
                  const std::function<bool(const Candidate&)>& visit) const;
  // The best first.
  std::vector<const Candidate*> X400Fitting(std::string_view address) const;

  const directory::SnapshotPtr snapshot_;
  const SourceServers sources_;
  std::vector<Reach> reaches_;  // as snapshot_->connectors()
  Index exact_;
  Index wildcard_;  // by the domain after "*."
  Bucket any_;
  Index other_types_;            // by "TYPE:space" in lower case; "TYPE:*" is every address of it
  std::vector<X400Space> x400_;  // spaces of attributes
};

// The next hop of mail that leaves this server by `connector`; `domain` is the recipient's.
model::NextHop NextHopBy(const connector::SendConnector& connector, std::string domain);

}  // namespace postern::route
