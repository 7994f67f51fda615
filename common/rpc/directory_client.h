// common/rpc/directory_client.h
//
// Watches the directory of another mailbox-transport.
//
// Flow      Make once for each address; Watch -> Next, again and again, from one thread.
// Failure   Watch never fails at once: a connection that does not come about ends in Next.
// Lifetime  A stream may outlive the client; destroying it ends the call and waits until it has
//           ended. Cancel from any thread.
// Limits    One answer waits, the writer keeps the rest; rpc.frame_bytes_max an answer. A dead peer
//           is found within 30 s.
// See       proto/postern/v1/directory.proto

#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/rpc/settings.h"
#include "postern/v1/directory.pb.h"

namespace grpc {
class Channel;
}

namespace postern::rpc {

// One call of Directory.Watch.
class WatchStream {
 public:
  virtual ~WatchStream() = default;

  // kDeadlineExceeded when nothing came within that time, and then Next may be called again; any
  // other status is the end of the call, kUnavailable when it ended well.
  virtual absl::StatusOr<v1::WatchResourcesResponse> Next(absl::Duration within) = 0;

  // Ends the call, and a Next that waits.
  virtual void Cancel() = 0;
};

class DirectoryClient {
 public:
  // `address` is "host:7172"; the server must be a mailbox-transport, of any site.
  static absl::StatusOr<std::unique_ptr<DirectoryClient>> Make(const RpcSettings& settings,
                                                               const std::string& address);
  ~DirectoryClient();

  std::unique_ptr<WatchStream> Watch(const v1::WatchResourcesRequest& request);

 private:
  explicit DirectoryClient(std::shared_ptr<grpc::Channel> channel);
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace postern::rpc
