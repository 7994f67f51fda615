// common/rpc/proxy_client.h
//
// Opens the proxy stream to one front end.
//
// Flow      Make once for each front-end address; Open for each stream.
// Failure   Open never fails at once: a connection that does not come about ends in OnClosed.
// Lifetime  A stream lives until its OnClosed, whoever else lets go of it.

#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "common/io/executor.h"
#include "common/rpc/frame_stream.h"
#include "common/rpc/settings.h"

namespace grpc {
class Channel;
}

namespace postern::rpc {

class ProxyClient {
 public:
  // `address` is "host:7170" or a gRPC name; the front end must be of `site`.
  static absl::StatusOr<std::unique_ptr<ProxyClient>> Make(const RpcSettings& settings,
                                                           const std::string& address,
                                                           const std::string& site);
  ~ProxyClient();

  std::shared_ptr<ToFrontEnd> Open(io::Executor& executor, ToFrontEnd::Handler& handler);

 private:
  explicit ProxyClient(std::shared_ptr<grpc::Channel> channel);
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace postern::rpc
