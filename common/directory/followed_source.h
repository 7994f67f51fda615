// common/directory/followed_source.h
//
// The directory from its writer: another server's, followed over its watch.
//
// Flow      FollowedSource source(settings, open); source.Start(changed); current(); Stop.
// Failure   Start: see remote_source.h. Later: the last directory stays, marked stale in the
//           readings, and the writer is tried again and again.
// Lifetime  `open` outlives it. Runs a thread of its own.
// Limits    A snapshot is applied when all of it is here (SYNCED), never a part. kObjectsMax
//           objects, kBytesMax bytes. Each wait has its bound in FollowerWaits.
// See       docs/decisions/0012-writer-and-followers.md; common/rpc/directory_client.h

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/base/random.h"
#include "common/directory/checked_manifest.h"
#include "common/directory/remote_source.h"
#include "common/directory/resource_index.h"
#include "common/directory/settings.h"
#include "common/rpc/directory_client.h"

namespace postern::directory {

struct FollowerWaits {
  // Three of the writer's signs of life, and a little: then it is taken for lost.
  absl::Duration silence_max = absl::Seconds(35);
  // Between two tries; each wait is a random part of itself, from half of it on.
  absl::Duration retry_first = absl::Milliseconds(200);
  absl::Duration retry_most = absl::Seconds(5);
  // The copy on disk is written once for changes that follow one another.
  absl::Duration copy_after = absl::Seconds(1);
  // With a copy on disk mail need not wait longer for the writer at a start.
  absl::Duration start_with_copy = absl::Seconds(3);
};

class FollowedSource final : public RemoteSource {
 public:
  using Open =
      std::function<std::unique_ptr<rpc::WatchStream>(const v1::WatchResourcesRequest& request)>;

  static constexpr std::size_t kObjectsMax = 200'000;
  static constexpr std::size_t kBytesMax = 256 * 1024 * 1024;

  FollowedSource(const DirectorySettings& settings,
                 Open open,
                 base::Random& random = base::Random::System(),
                 const FollowerWaits& waits = FollowerWaits());
  ~FollowedSource() override;

 private:
  // What the writer has told, by kind and name.
  struct Replica {
    std::map<ResourceKey, CheckedPtr> objects;
    std::size_t bytes = 0;
    std::string version;  // of the writer's snapshot
  };

  void TakeCopy(const SnapshotPtr& copy) override;
  void Run() override;
  void Interrupt() override;
  bool WaitFor(absl::Duration span);  // false when stopping
  absl::Status Follow();
  absl::Status Take(const v1::WatchResourcesResponse& told, Replica& coming);
  absl::Status Put(const v1::Resource& resource, Replica& coming) const;
  static void Drop(const ResourceKey& key, Replica& coming);
  absl::Status Apply(Replica& coming);
  void NoteHeard();
  void NoteLost(const absl::Status& status);
  void NoteFresh(std::uint64_t loads);

  const Open open_;
  base::Random& random_;
  const FollowerWaits waits_;

  // Of Start, then of the thread.
  Replica applied_;
  bool synced_ = false;  // in the call that is open

  std::shared_ptr<rpc::WatchStream> stream_;  // with mutex_
};

}  // namespace postern::directory
