// common/rpc/relay_client.h
//
// Relays messages to one server of the organization, a call for each.
//
// Flow      Make once for each address. Begin(executor, within) for each message; Send as often as
//           its content has pieces, the last one marked; Finish, once, always.
// Failure   Send is false when the call is over already; Finish tells why. Nothing fails at once: a
//           connection that does not come about is an answer too.
// Lifetime  A call holds the connection; the client may go before it. A call is used by one fiber,
//           on its executor, and lives until its Finish has returned.
// Limits    One piece is held at a time. A connection has `connect_timeout`, a call `within`; a
//           peer that is silent is found within 30 s.
// See       proto/postern/v1/relay.proto; deliver/relay.h for what an answer means

#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/io/executor.h"
#include "common/io/task.h"
#include "common/rpc/settings.h"
#include "postern/v1/relay.pb.h"

namespace grpc {
class Channel;
}

namespace postern::rpc {

// The trailing metadata of a status that the server itself gave: nothing was kept.
inline constexpr char kRelayAnswered[] = "postern-relay-answered";

struct RelayAnswer {
  absl::Status status;  // OK: there is a receipt
  v1::RelayReceipt receipt;
  bool answered = false;     // the server itself said so
  bool begun = false;        // a piece has reached the connection
  bool handed_over = false;  // all of it may have reached the server
};

class RelayCall {
 public:
  virtual ~RelayCall() = default;

  // Returns when the next piece may come, for the last one at once.
  virtual io::Task<bool> Send(v1::RelayRequest frame, bool last) = 0;
  // Without a last piece before it, or when the fiber is stopped, this ends the call.
  virtual io::Task<RelayAnswer> Finish() = 0;
};

class RelayClient {
 public:
  // The peer must be a mailbox-transport of our trust domain, of any site.
  static absl::StatusOr<std::unique_ptr<RelayClient>> Make(const RpcSettings& settings,
                                                           const std::string& address,
                                                           absl::Duration connect_timeout);
  ~RelayClient();

  std::shared_ptr<RelayCall> Begin(io::Executor& executor, absl::Duration within);

 private:
  explicit RelayClient(std::shared_ptr<grpc::Channel> channel);
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace postern::rpc
