// common/kubernetes/presence.h
//
// Presence: this server as the API server has it: its TransportServer, and a Lease that it renews.
//
// Flow      Register while the directory does not have us yet; Start; Stop.
// Failure   A Status of Register says what the API server answered. Later it is logged, and tried
//           again; mail does not wait for it.
// Lifetime  Settings and access outlive it, and what `report` reads. A thread of its own.
// Limits    A TransportServer that somebody else has written otherwise stays as it is.
//           kNotReadyMax connectors are told of, kReasonBytesMax bytes each.
// See       common/kubernetes/lease.h; "Server-Side Apply"

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"

#include "common/base/ticker.h"
#include "common/http/channel.h"
#include "common/kubernetes/access.h"
#include "common/kubernetes/settings.h"

namespace postern::kubernetes {

class Presence {
 public:
  static constexpr std::size_t kNotReadyMax = 50;
  static constexpr std::size_t kReasonBytesMax = 500;
  static constexpr absl::Duration kLastWordMax = absl::Seconds(1);

  // What is told of us with each renewal.
  struct Report {
    std::string snapshot;
    std::string uid;          // of our TransportServer; empty: it is not there
    bool site_there = false;  // a server in none would spoil the directory of all
    std::map<std::string, std::string> not_ready;  // by metadata.name of a Send connector
    std::optional<std::uint64_t> messages;         // that wait here; not known for the moment
  };

  Presence(const KubernetesSettings& settings,
           const Access& access,
           std::string server,
           std::function<Report()> report);
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  // Whether this server writes its TransportServer.
  bool registers() const { return !settings_.site->empty(); }

  // One try. Before Start, or on its thread.
  absl::Status Register();

  void Start();
  // The Lease says at last what mail stays here, if the API server answers within kLastWordMax.
  void Stop();

  // When the Lease was renewed last. Thread-safe.
  absl::Time renewed() const;

 private:
  // Gives the pause to the next.
  absl::Duration RunOnce();
  absl::Status Renew(http::Channel& channel, const Report& report, absl::Duration most);
  absl::Status Apply(http::Channel& channel,
                     std::string path,
                     const std::string& body,
                     std::string_view what,
                     absl::Duration most);

  const KubernetesSettings& settings_;
  const Access& access_;
  const std::string server_;
  const std::string identity_;
  const std::function<Report()> report_;
  std::unique_ptr<http::Channel> channel_;
  bool registered_ = false;
  std::optional<std::uint64_t> messages_;  // the last that was known
  std::string last_failure_;
  absl::Duration pause_;

  mutable std::mutex mutex_;
  absl::Time renewed_ = absl::InfinitePast();
  std::optional<base::Ticker> ticker_;  // the last member: it uses the others
};

// Of the name that a Lease of the server has.
std::string LeaseNameOf(std::string_view server);

}  // namespace postern::kubernetes
