// common/rpc/proxy_server.h
//
// The proxy service: gives each stream of a mailbox-transport to a handler on an executor.
//
// Flow      Make with a function that takes a new stream on the executor it chooses; add service()
//           to a Server.
// Failure   A caller without the role, or of another site, gets PERMISSION_DENIED; it never reaches
//           the handler.
// Lifetime  Outlives the Server. The handler that `open` gives lives until its OnClosed.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/io/executor.h"
#include "common/rpc/frame_stream.h"
#include "common/rpc/server.h"

namespace postern::rpc {

class ProxyServer {
 public:
  struct Caller {
    io::Executor* executor = nullptr;  // where the stream is to live
    // Called on that executor, once, before the first frame.
    std::function<ToMailbox::Handler*(std::shared_ptr<ToMailbox>)> open;
  };

  // `choose` is called on a thread of gRPC's for each accepted stream. `site` empty takes any site.
  ProxyServer(const Authority& authority,
              std::string site,
              std::function<Caller(const Identity&)> choose);
  ~ProxyServer();

  grpc::Service* service();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace postern::rpc
