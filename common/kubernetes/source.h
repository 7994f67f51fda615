// common/kubernetes/source.h
//
// The directory from a Kubernetes API server: every kind of resource, listed and watched.
//
// Flow      Access::Make(settings); KubernetesSource source(...); source.Start(changed); current();
//           Stop.
// Failure   Start: see common/directory/remote_source.h. Later: the last directory stays, marked
//           stale in the readings while any kind is cut off; resources that break a rule leave the
//           last directory in force, whole.
// Lifetime  Settings, access and random outlive it. Runs a thread of its own, and calls `changed`
//           there.
// Limits    Changes that follow one another within directory.quiet_time are one, for ten times that
//           at most. See feed.h and collection.h.
// See       docs/decisions/0016-the-directory-from-the-api-server.md

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/directory/remote_source.h"
#include "common/directory/settings.h"
#include "common/kubernetes/access.h"
#include "common/kubernetes/feed.h"
#include "common/kubernetes/settings.h"

namespace postern::kubernetes {

class KubernetesSource final : public directory::RemoteSource {
 public:
  // The resources as they were told last, whether or not they are in force.
  struct View {
    std::map<directory::Kind, Objects> objects;   // every kind
    std::map<std::string, std::string> findings;  // of those not in force, by Object::place
    // Of those in force, by place; an object of a later one waits.
    std::map<std::string, std::int64_t> in_force;
    bool complete = false;  // every kind was listed
  };

  KubernetesSource(const directory::DirectorySettings& directory,
                   const KubernetesSettings& settings,
                   const Access& access,
                   base::Random& random = base::Random::System());
  ~KubernetesSource() override;

  // From any thread. Shares the objects.
  View view() const;

  // One of them; null when it is not there. From any thread.
  ObjectPtr Held(directory::Kind kind, const std::string& name) const;

  // Waits until a snapshot is in force that `holds` says yes to; false when none comes.
  bool WaitFor(const std::function<bool(const directory::Snapshot&)>& holds,
               absl::Duration most) const;

  // Waits until the object is in force in this generation, or a later one; with 0, until it is
  // gone. False when that does not come.
  bool WaitInForce(const std::string& place, std::int64_t generation, absl::Duration most) const;

 private:
  void Run() override;
  void Interrupt() override;
  absl::Time Step(http::Channel& channel);
  void NoteChanges(absl::Time now);
  void Apply();
  void NoteRefused(const std::vector<directory::ManifestError>& errors);
  void NoteFeeds();

  const absl::Duration quiet_time_;
  const Access& access_;

  // Of the thread, after Start:
  std::vector<std::unique_ptr<Feed>> feeds_;
  bool followed_ = false;  // in touch with every kind
  absl::Time first_change_ = absl::InfiniteFuture();
  absl::Time build_at_ = absl::InfiniteFuture();

  // With mutex_:
  bool complete_ = false;
  http::Channel* channel_ = nullptr;
  std::string refusal_;  // why what was told last is not in force
  std::map<std::string, std::string> findings_;
  std::map<std::string, std::int64_t> in_force_;
};

}  // namespace postern::kubernetes
