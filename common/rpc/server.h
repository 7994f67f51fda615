// common/rpc/server.h
//
// A gRPC server on one port with health checking, and the check of who may call what.
//
// Flow      Authority::Make for the services; Server::Start(settings, options, services);
//           SetServing; Stop(within).
// Failure   Start: kUnavailable "listen on 0.0.0.0:7171: address already in use".
// Lifetime  Services outlive it. Stop waits that long for calls, then cancels them.
// Limits    Messages up to rpc.frame_bytes_max, or what the options say; kStreamsPerConnectionMax
//           calls on a connection; rpc.max_connections, and rpc.max_connections_per_source of them;
//           10 s for a handshake, ten minutes without a call; keepalive 20 s, timeout 10 s, pings
//           every 10 s at most.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/io/door.h"
#include "common/rpc/credentials.h"
#include "common/rpc/identity.h"

namespace grpc {
class CallbackServerContext;
class Server;
class Service;
class Status;
}  // namespace grpc

namespace postern::rpc {

inline constexpr int kStreamsPerConnectionMax = 1000;

class Server {
 public:
  struct Options {
    std::string address;  // "0.0.0.0:7171"; port 0 takes a free one
    ClientCertificate client = ClientCertificate::kRequired;
    bool reflection = false;
    // A call of the health service is read whole before anybody asks who calls: where strangers
    // come it is off.
    bool health = true;
    int message_bytes_max = 0;  // of a request; 0: rpc.frame_bytes_max
  };

  static absl::StatusOr<std::unique_ptr<Server>> Start(const RpcSettings& settings,
                                                       const Options& options,
                                                       const std::vector<grpc::Service*>& services);
  ~Server();

  int port() const { return port_; }

  // What the health service answers for every service.
  void SetServing(bool serving);
  void Stop(absl::Duration within);

 private:
  Server() = default;
  std::unique_ptr<io::Door> door_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

// Decides from certificate or token who calls; shared by the services of one process. Thread-safe.
class Authority {
 public:
  static absl::StatusOr<std::unique_ptr<Authority>> Make(const RpcSettings& settings);

  // kUnauthenticated without a known identity; kPermissionDenied without the role, naming both.
  absl::StatusOr<Identity> Require(const grpc::CallbackServerContext& call, Role role) const;

 private:
  std::string trust_domain_;
  bool insecure_ = false;
  TokenTable tokens_;
};

// A message that a peer would not take is cut and ends in "...".
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace postern::rpc
