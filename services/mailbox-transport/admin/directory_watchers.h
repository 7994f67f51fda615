// services/mailbox-transport/admin/directory_watchers.h
//
// DirectoryWatchers: the calls of Directory.Watch that are open, each at its own pace.
//
// Flow      Add for each call; Changed when another directory is in force; Pulse now and then;
//           Stop.
// Failure   Add: the reactor ends its call: kResourceExhausted with too many, kUnavailable after
//           Stop.
// Lifetime  Borrows its parts; destroyed after the server whose calls it has. Thread-safe.
// Limits    kWatchersMax. One answer of each is under way; who does not take it for kWriteMax is
//           let go. What a slow one costs: the two snapshots between which it is.
// See       common/directory/watch_feed.h

#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "absl/time/time.h"
#include <grpcpp/support/server_callback.h>

#include "postern/v1/directory.pb.h"
#include "services/mailbox-transport/admin/directory_reads.h"
#include "services/mailbox-transport/admin/probe.h"

namespace postern::admin {

class DirectoryWatchers {
 public:
  static constexpr std::size_t kWatchersMax = 256;
  static constexpr absl::Duration kWriteMax = absl::Minutes(1);
  using Reactor = grpc::ServerWriteReactor<v1::WatchResourcesResponse>;

  DirectoryWatchers(const DirectoryReads& reads,
                    DirectoryProbe& probe,
                    absl::Duration write_max = kWriteMax)
      : reads_(reads), probe_(probe), write_max_(write_max) {}

  Reactor* Add(grpc::CallbackServerContext& call, const v1::WatchResourcesRequest& request);
  // A reactor that ends its call at once.
  static Reactor* Refuse(const absl::Status& status);

  void Changed();
  // A sign of life to each who waits.
  void Pulse();
  // Ends every call, now and later.
  void Stop();

  std::size_t size() const;

 private:
  class Watcher;

  std::vector<std::shared_ptr<Watcher>> All() const;
  void Remove(const std::shared_ptr<Watcher>& watcher);

  const DirectoryReads& reads_;
  DirectoryProbe& probe_;
  const absl::Duration write_max_;
  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::unordered_set<std::shared_ptr<Watcher>> watchers_;
};

}  // namespace postern::admin
