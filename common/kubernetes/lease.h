// common/kubernetes/lease.h
//
// Leases: who is there, and who is the one of many.
//
// Flow      A server renews its own by LeaseJson. Sightings.Note each list of them, then live().
//           Election.Hold as often as its holder must renew.
// Failure   A Status of Hold: the API server could not be asked; who held it no longer does.
// Lifetime  One thread.
// Limits    A Lease is judged by whether it changes, on our own clock: the servers' may differ.
// See       coordination.k8s.io/v1; "Leases" of the Kubernetes architecture

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/http/channel.h"
#include "common/kubernetes/access.h"
#include "common/kubernetes/json.h"

namespace postern::kubernetes {

inline constexpr std::string_view kServerLabel = "postern.dev/server";
inline constexpr std::string_view kSnapshotAnnotation = "postern.dev/snapshot";
// {"internet": "SecretNotUsable: ..."}: connectors that the server cannot use.
inline constexpr std::string_view kNotReadyAnnotation = "postern.dev/not-ready";

// "12": messages that wait on the server.
inline constexpr std::string_view kMessagesAnnotation = "postern.dev/messages";

// "2026-11-28T10:00:00.000000Z", as a Lease has it.
std::string MicroTime(absl::Time time);

Json LeaseJson(std::string_view name,
               std::string_view holder,
               absl::Duration lasts,
               absl::Time renewed);

class Sightings {
 public:
  // What a list of Leases says now; those that it does not hold are forgotten.
  void Note(const std::vector<Json>& leases, absl::Time now);

  // The names of the servers whose Leases were renewed in time.
  std::set<std::string> live(absl::Time now) const;

  // Whether of each Lease it is known if it is renewed: of those that the first list had only once
  // they have changed, or have not for as long as they last.
  bool complete(absl::Time now) const;

  // By connector: which live server cannot use it and why, "mbx-1: SecretNotUsable: ...".
  std::map<std::string, std::string> not_ready(absl::Time now) const;

  // Servers that are not live and whose volumes hold mail: how many messages, as they said last.
  std::map<std::string, std::uint64_t> orphaned(absl::Time now) const;

 private:
  struct Sight {
    std::string renewed;  // as it was last seen
    absl::Time changed;   // when it was first seen so
    absl::Duration lasts;
    bool known = false;  // it was seen to change, or to come
    std::string not_ready;
    std::uint64_t messages = 0;
  };

  std::map<std::string, Sight> sights_;  // by server
  bool first_ = true;
};

class Election {
 public:
  Election(const Access& access, std::string name, std::string identity, absl::Duration lasts);

  // Whether we hold it until the next call, which must come within a quarter of its duration.
  absl::StatusOr<bool> Hold(http::Channel& channel, absl::Time now);
  // Lets another take it at once; within `most`.
  void Release(http::Channel& channel, absl::Duration most);

  bool held() const { return held_; }

 private:
  absl::StatusOr<bool> Create(http::Channel& channel, absl::Time now);
  absl::StatusOr<bool> Take(http::Channel& channel, const Json& lease, absl::Time now);
  absl::StatusOr<bool> Send(http::Channel& channel,
                            std::string_view method,
                            std::string path,
                            const Json& body,
                            absl::Time now);
  Json Wanted(absl::Time now) const;

  const Access& access_;
  const std::string name_;
  const std::string identity_;
  const absl::Duration lasts_;
  bool held_ = false;
  absl::Time renewed_ = absl::InfinitePast();
  std::string seen_;  // of another holder: who, and when it was renewed
  absl::Time seen_at_ = absl::InfinitePast();
};

}  // namespace postern::kubernetes
