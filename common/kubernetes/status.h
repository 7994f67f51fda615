// common/kubernetes/status.h
//
// The status of a resource: its condition Ready and the servers that use it, as it should be, and
// the patch that makes it so.
//
// Flow      StatusFor(object, ...) of each; PatchFor(object, status, now).
// Failure   None. Reasons: Invalid (it breaks a rule), Waits (another's mistake keeps it from being
//           in force), NoLease and MailWithoutServer
//           (of a server), InForce, and those of a connector's readiness.
// Limits    kServersMax names, kMessageBytesMax bytes of a message.
// See       tools/kubernetes/crds.py for the schema of a status

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/directory/snapshot.h"
#include "common/kubernetes/source.h"

namespace postern::kubernetes {

inline constexpr std::size_t kServersMax = 100;
inline constexpr std::size_t kMessageBytesMax = 2000;

// Whether the connector can send, as one server sees it: its condition Ready.
using ReadyOf =
    std::function<v1::Condition(const connector::SendConnector&, const directory::Snapshot&)>;

// What is known when statuses are made.
struct StatusInputs {
  const KubernetesSource::View& view;
  const directory::Snapshot& snapshot;
  const std::set<std::string>& live;                     // servers with a Lease
  const std::map<std::string, std::string>& not_ready;   // Sightings::not_ready
  const std::map<std::string, std::uint64_t>& orphaned;  // Sightings::orphaned
  const ReadyOf& ready_of;
};

struct ResourceStatus {
  v1::Condition ready;
  std::vector<std::string> servers;  // live ones that use it, by name
};

// Nullopt while the object is on its way into force: what is said of it would hold for a moment.
std::optional<ResourceStatus> StatusFor(directory::Kind kind,
                                        const Object& object,
                                        const StatusInputs& inputs);

// Nullopt when the object has this status already. Conditions of other types stay.
std::optional<Json> PatchFor(const Object& object, const ResourceStatus& status, absl::Time now);

}  // namespace postern::kubernetes
