// common/kubernetes/feed.h
//
// Feed: one kind of resource, listed and then watched, again and again.
//
// Flow      Step whenever due() has come and after each Poll of the channel; collection() holds
//           what is known.
// Failure   None that ends it: what failed is tried again after a pause that grows. failure() says
//           what it is, lost_since() from when on the collection may be old.
// Lifetime  Borrows access, settings and random; of the channel's thread. Before the channel goes,
//           no feed may be stepped any more.
// Limits    A page of a list has kPageBytesMax, an event kEventBytesMax bytes; the waits are
//           settings.
// See       common/kubernetes/collection.h

#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/base/random.h"
#include "common/http/channel.h"
#include "common/kubernetes/access.h"
#include "common/kubernetes/collection.h"

namespace postern::kubernetes {

class Feed {
 public:
  static constexpr std::size_t kPageBytesMax = 64 * 1024 * 1024;
  // etcd keeps at most 1.5 MiB of an object.
  static constexpr std::size_t kEventBytesMax = 4 * 1024 * 1024;

  Feed(directory::Kind kind,
       const Access& access,
       const KubernetesSettings& settings,
       base::Random& random);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Begins the request whose time has come, and ends a watch that is silent for too long.
  void Step(http::Channel& channel, absl::Time now);
  // When to step next, unless something comes before.
  absl::Time due() const;

  Collection& collection() { return collection_; }

  const Collection& collection() const { return collection_; }

  // In the infinite future while the collection is as the API server has it.
  absl::Time lost_since() const { return lost_since_; }

  // Of the last request that failed; OK once one succeeded.
  const absl::Status& failure() const { return failure_; }

 private:
  void BeginList(http::Channel& channel);
  void BeginWatch(http::Channel& channel, absl::Time now);
  void EndList(absl::StatusOr<http::Answer> answer);
  void EndWatch(absl::StatusOr<http::Answer> answer);
  void TakePage(std::string_view body);
  absl::Time SilentUntil() const;
  void Opened();
  bool TakePiece(std::string_view piece);
  bool TakeLine(std::string_view line);
  void Listed();
  void Relist(const absl::Status& status);
  void Fail(absl::Status status, absl::Duration asked = absl::ZeroDuration());

  const Access& access_;
  const KubernetesSettings& settings_;
  base::Random& random_;
  const std::string path_;
  Collection collection_;

  http::Channel::CallId call_ = 0;  // 0: none is under way
  bool watching_ = false;           // it is a watch
  bool listing_ = true;             // a list is what comes next, or is under way
  std::string next_page_;
  std::string unfinished_;  // the beginning of an event
  absl::Status spoiled_;    // why we ended the watch ourselves
  absl::Time heard_;        // the last piece of the watch
  bool opened_ = false;     // the watch was granted
  absl::Time began_;        // the watch
  absl::Time next_at_ = absl::InfinitePast();
  absl::Duration pause_;
  absl::Time lost_since_;
  absl::Status failure_;
};

}  // namespace postern::kubernetes
