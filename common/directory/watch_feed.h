// common/directory/watch_feed.h
//
// WatchFeed: what one watcher of the directory has yet to hear, from snapshot to snapshot.
//
// Flow      Next(the directory as it is now) until it has nothing more; again when the directory
//           changes. A watcher that falls behind hears of the newest, not of each one between.
// Failure   None.
// Lifetime  Holds the index that was told last and the one that is being told; nothing else,
//           however slow the watcher is.
// See       proto/postern/v1/directory.proto, Watch

#pragma once

#include <optional>
#include <string>

#include "common/directory/resource_index.h"
#include "postern/v1/directory.pb.h"

namespace postern::directory {

class WatchFeed {
 public:
  // `known_version`: the snapshot that the watcher says it has already, or empty.
  explicit WatchFeed(std::string known_version) : known_version_(std::move(known_version)) {}

  // The next answer: the rest of what was begun first. Nothing when the watcher has all of `now`.
  std::optional<v1::WatchResourcesResponse> Next(const ResourceIndexPtr& now);

  // SYNCED once more, to show that we are alive; nothing in the middle of a change.
  std::optional<v1::WatchResourcesResponse> Pulse() const;

 private:
  std::optional<v1::WatchResourcesResponse> Begin(const ResourceIndexPtr& now);
  std::optional<v1::WatchResourcesResponse> NextDifference();
  v1::WatchResourcesResponse Synced() const;

  const std::string known_version_;
  bool begun_ = false;
  ResourceIndexPtr told_;    // null before the first SYNCED
  ResourceIndexPtr coming_;  // null between two changes
  std::size_t old_row_ = 0;
  std::size_t new_row_ = 0;
};

}  // namespace postern::directory
