// services/mailbox-transport/admin/tracking_service.h
//
// TrackingService: the gRPC service Tracking: what became of messages, on this server or on all.
//
// Flow      Construct; add service() to a rpc::Server; Stop; destroy.
// Failure   The status of the call names what was asked and the rule. A server that does not answer
//           is named in the answer; what the others said is in it.
// Lifetime  Borrows its parts. Destroyed after the rpc::Server, from a thread without an executor.
// Limits    kCallsMax questions and kWatchersMax watchers at a time; kResultsMax events and
//           kPageBytesMax of a server in an answer, read for kSearchMax at most;
//           FanOut::kQuestionsMax servers asked at once, each within `server_timeout`. A watcher
//           has one answer under way; one that does not take it for kWriteMax is let go, and goes
//           on later with its cursor: what it costs meanwhile is nothing.
// See       proto/postern/v1/tracking.proto; docs/logs.md

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"

#include "common/directory/snapshot.h"
#include "common/io/executor.h"
#include "common/io/on_disk.h"
#include "common/rpc/server.h"
#include "common/rpc/settings.h"
#include "services/mailbox-transport/pipeline/tracking.h"

namespace postern::admin {

class TrackingService {
 public:
  static constexpr std::size_t kCallsMax = 16;
  static constexpr std::size_t kWatchersMax = 64;
  static constexpr std::size_t kResultsDefault = 1000;
  static constexpr std::size_t kResultsMax = 10'000;
  static constexpr std::size_t kPageBytesMax = 1024 * 1024;
  static constexpr absl::Duration kSearchMax = absl::Seconds(2);
  static constexpr absl::Duration kServerTimeout = absl::Seconds(10);
  static constexpr absl::Duration kWatchLook = absl::Milliseconds(200);
  static constexpr absl::Duration kWriteMax = absl::Minutes(1);

  struct Parts {
    const rpc::Authority& authority;
    const rpc::RpcSettings& rpc;
    io::Executor& executor;
    io::DiskPool& disk;
    std::function<directory::SnapshotPtr()> directory;
    std::string server;            // our name in the directory
    pipeline::Tracking* tracking;  // null: there is no log
    absl::Duration server_timeout = kServerTimeout;
  };

  explicit TrackingService(const Parts& parts);
  ~TrackingService();

  grpc::Service* service();

  // Ends the watchers, now and later.
  void Stop();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace postern::admin
