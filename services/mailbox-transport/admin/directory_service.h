// services/mailbox-transport/admin/directory_service.h
//
// DirectoryService: the gRPC service Directory: the resources of the organization, read, watched
// and changed.
//
// Flow      Construct; add service() to a rpc::Server; Changed once all that a change must come to
//           runs, and whenever another directory is in force; Stop before the server is stopped.
// Failure   The status of the call, as proto/postern/v1/directory.proto says.
// Lifetime  Borrows its parts. Destroyed after the rpc::Server, before the executor stops, from a
//           thread that runs no executor.
// Limits    Changes are made one after another on a thread of their own; kChangesMax wait. Those of
//           DirectoryReads and DirectoryWatchers.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"

#include "common/directory/change.h"
#include "common/directory/source.h"
#include "common/io/executor.h"
#include "common/observe/metrics.h"
#include "common/rpc/server.h"
#include "services/mailbox-transport/admin/readiness.h"

namespace postern::admin {

// Trailing metadata of a change that a follower refuses: where to ask.
inline constexpr char kWriterMetadata[] = "postern-directory-writer";

class DirectoryService {
 public:
  static constexpr std::size_t kChangesMax = 64;
  // Followers take a writer for lost after 35 s.
  static constexpr absl::Duration kPulse = absl::Seconds(10);

  struct Parts {
    const rpc::Authority& authority;
    io::Executor& executor;  // for what comes by time
    observe::Registry& registry;
    const directory::DirectorySource& source;
    std::string server;  // our own name
    CheckReady check_ready;
    std::string writer;                              // on a follower: whom it follows
    directory::ChangeWriter* folder = nullptr;       // null on a follower
    std::function<absl::Status()> bring_into_force;  // what the folder holds
    absl::Duration pulse = kPulse;
  };

  explicit DirectoryService(const Parts& parts);
  ~DirectoryService();

  grpc::Service* service();

  // Changes are taken from the first time on.
  void Changed();
  // Ends what is watched, which has no other end, and takes no more changes.
  void Stop();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace postern::admin
