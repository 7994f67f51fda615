// services/mailbox-transport/admin/readiness.h
//
// Readiness: whether a Send connector can send as this server sees it: its condition Ready.
//
// Flow      ConditionOf(connector, snapshot), each time that somebody asks.
// Failure   Status False with a reason in one word, and a sentence that says what to do:
//           SourceServerNotFound, NoFrontEnd, or what the check of this server says: of its egress,
//           secrets and certificates.
//           A connector that is not enabled is Ready with the reason Disabled: nothing is wrong
//           with it, and it takes part in no selection.
// Lifetime  Thread-safe as far as the check is.
// Limits    The check is asked only where this server is one of the source servers: the others need
//           no secret of the connector.

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/connector/condition.h"
#include "common/directory/snapshot.h"
#include "postern/v1/resources.pb.h"

namespace postern::admin {

// What the connector needs on this machine and is not there: egress, secret, certificate; else
// nothing.
using CheckReady =
    std::function<std::optional<connector::NotReady>(const connector::SendConnector&)>;

class Readiness {
 public:
  // `server` is this server's name. Without a check everything is there.
  Readiness(std::string server, CheckReady check);

  v1::Condition ConditionOf(const connector::SendConnector& connector,
                            const directory::Snapshot& snapshot) const;

 private:
  const std::string server_;
  const CheckReady check_;
};

}  // namespace postern::admin
