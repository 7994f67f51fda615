// services/mailbox-transport/deliver/relay.h
//
// Relay: hands a batch to another server of the organization, which is nearer to the source servers
// of its connector, or is one.
//
// Flow      SetServers from the directory; Attempt.
// Failure   Attempt always gives an Outcome. A server that cannot be reached, or has no room, is
//           passed over; when none is left the hop has failed. What a server refuses for good is a
//           reply. Once a server may have all of the message no other is tried, and without its
//           answer the outcome is ambiguous.
// Lifetime  One executor. Borrows its parts.
// Limits    kServersMax servers an attempt; deliver.relay_connect_timeout for a connection,
//           deliver.relay_timeout for a server, deliver.attempt_timeout for all;
//           model::kRelaysMax relays of a message.
// See       docs/architecture.md "deliver"; docs/decisions/0008-relay.md

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "common/io/executor.h"
#include "common/rpc/relay_client.h"
#include "common/rpc/settings.h"
#include "common/smtp/body_source.h"
#include "common/smtp/outcome.h"
#include "services/mailbox-transport/deliver/relay_order.h"
#include "services/mailbox-transport/deliver/settings.h"
#include "services/mailbox-transport/model/batch.h"

namespace postern::deliver {

class Relay {
 public:
  struct Parts {
    io::Executor& executor;
    const rpc::RpcSettings& rpc;
    const DeliverSettings& settings;
    std::string server;    // our name in the directory
    std::string database;  // id of our store
  };

  explicit Relay(Parts parts) : parts_(std::move(parts)) {}

  // The addresses that servers have now; connections to others are not used again.
  void SetServers(const std::vector<std::string>& addresses);

  io::Task<smtp::Outcome> Attempt(const model::Batch& batch,
                                  const model::RelayPlan& plan,
                                  smtp::BodySource& body,
                                  absl::Time until = absl::InfiniteFuture());

 private:
  absl::StatusOr<rpc::RelayClient*> ClientOf(const std::string& address);
  io::Task<absl::Status> SendContent(rpc::RelayCall& call,
                                     const v1::RelayedMessage& message,
                                     smtp::BodySource& body);
  // False: the next server may be tried.
  io::Task<bool> TryServer(const model::RelayServer& server,
                           const v1::RelayedMessage& message,
                           smtp::BodySource& body,
                           absl::Duration within,
                           smtp::Outcome& outcome);

  Parts parts_;
  std::map<std::string, std::unique_ptr<rpc::RelayClient>> clients_;  // by address
};

// OK when another server has all of them, else kUnavailable with what was said.
absl::Status HandedOver(const smtp::Outcome& outcome);

// What a server's answer means: false when another may be tried. The outcome has the recipients'
// results, and the server among its hosts.
bool NoteAnswer(const model::RelayServer& server,
                const rpc::RelayAnswer& answer,
                smtp::Outcome& outcome);

}  // namespace postern::deliver
