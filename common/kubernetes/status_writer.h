// common/kubernetes/status_writer.h
//
// StatusWriter: writes the conditions of the resources back to the API server, from the one server
// that holds the Lease postern-status.
//
// Flow      Start after the source; Stop.
// Failure   None that anybody waits for: it is logged once, and tried again.
// Lifetime  Settings, access and source outlive it, and what `ready_of` reads. A thread of its own.
// Limits    kPatchesMax patches in a round of kubernetes.status_interval; none while the source is
//           stale.
// See       common/kubernetes/status.h, common/kubernetes/lease.h

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/ticker.h"
#include "common/http/channel.h"
#include "common/kubernetes/access.h"
#include "common/kubernetes/lease.h"
#include "common/kubernetes/settings.h"
#include "common/kubernetes/source.h"
#include "common/kubernetes/status.h"

namespace postern::kubernetes {

class StatusWriter {
 public:
  static constexpr std::string_view kLease = "postern-status";
  static constexpr int kPatchesMax = 50;

  StatusWriter(const KubernetesSettings& settings,
               const Access& access,
               const KubernetesSource& source,
               const std::string& server,
               ReadyOf ready_of);
  ~StatusWriter();
  StatusWriter(const StatusWriter&) = delete;
  StatusWriter& operator=(const StatusWriter&) = delete;

  void Start();
  void Stop();

  // Thread-safe: whether this server is the one that writes, and what it has written.
  bool holds() const;
  std::uint64_t written() const;
  // On the one that writes: messages in volumes without a server.
  std::uint64_t orphaned() const;

 private:
  absl::Status RunOnce();
  absl::Status NoteLeases(absl::Time now);
  absl::Status Write(absl::Time now);
  bool WasSent(const Object& object, const Json& patch, absl::Time now) const;
  absl::Status Patch(directory::Kind kind, const Object& object, const Json& patch);
  void NoteOrphans(absl::Time now);
  void NoteFailure(const absl::Status& status);

  const KubernetesSettings& settings_;
  const Access& access_;
  const KubernetesSource& source_;
  const ReadyOf ready_of_;
  std::unique_ptr<http::Channel> channel_;
  Election election_;
  Sightings sightings_;

  // An API server may keep less of a status than it is given, and must not be told in every round.
  struct Sent {
    Json patch;
    absl::Time at;
  };

  std::map<std::string, Sent> sent_;  // by Object::place
  std::string last_failure_;
  std::map<std::string, std::uint64_t> orphans_;  // by server

  mutable std::mutex mutex_;
  bool holds_ = false;
  std::uint64_t written_ = 0;
  std::uint64_t orphaned_ = 0;
  std::optional<base::Ticker> ticker_;  // the last member: it uses the others
};

}  // namespace postern::kubernetes
