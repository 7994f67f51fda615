// common/directory/followed_source.h
//
// The directory from its writer: another server's, followed over its watch.
//
// Flow      FollowedSource source(settings, open); source.Start(changed); current(); Stop.
// Failure   Start: kFailedPrecondition when neither the writer nor a copy on disk gives one. Later:
//           the last directory stays, marked stale in the readings, and the writer is tried again
//           and again.
// Lifetime  `open` outlives it. Runs a thread of its own.
// Limits    A snapshot is applied when all of it is here (SYNCED), never a part. kObjectsMax
//           objects, kBytesMax bytes. Each wait has its bound in FollowerWaits.
// See       docs/decisions/0012-writer-and-followers.md; common/rpc/directory_client.h

#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "common/base/random.h"
#include "common/directory/checked_manifest.h"
#include "common/directory/disk_copy.h"
#include "common/directory/resource_index.h"
#include "common/directory/settings.h"
#include "common/directory/source.h"
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

class FollowedSource final : public DirectorySource {
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

  absl::Status Start(Changed changed) override;
  void Stop() override;

  SnapshotPtr current() const override;
  DirectoryReadings readings() const override;

 private:
  // What the writer has told, by kind and name.
  struct Replica {
    std::map<ResourceKey, CheckedPtr> objects;
    std::size_t bytes = 0;
    std::string version;  // of the writer's snapshot
  };

  void LoadCopy(std::string* reason);
  void Run();
  bool WaitFor(absl::Duration span);  // false when stopping
  absl::Status Follow();
  absl::Status Take(const v1::WatchResourcesResponse& told, Replica& coming);
  absl::Status Put(const v1::Resource& resource, Replica& coming) const;
  static void Drop(const ResourceKey& key, Replica& coming);
  absl::Status Apply(Replica& coming);
  void NoteHeard();
  void NoteLost(const absl::Status& status);
  void NoteStale();  // with mutex_, as is the next
  void NoteFresh();
  void Publish(SnapshotPtr snapshot);

  const std::string writer_;
  const absl::Duration writer_timeout_;
  const Open open_;
  base::Random& random_;
  const FollowerWaits waits_;

  // Of Start, then of the thread.
  Replica applied_;
  SnapshotPtr copy_;
  bool synced_ = false;  // in the call that is open
  DiskCopy disk_copy_;

  mutable std::mutex mutex_;  // below: shared with readers
  std::condition_variable wake_;
  bool stopping_ = false;
  bool started_ = false;
  Changed changed_;
  std::shared_ptr<rpc::WatchStream> stream_;
  SnapshotPtr current_;
  DirectoryReadings readings_;
  std::thread thread_;
};

}  // namespace postern::directory
