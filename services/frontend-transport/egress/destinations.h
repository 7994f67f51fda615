// services/frontend-transport/egress/destinations.h
//
// Destinations: what callers should know of the domains that mail goes to: which share their mail
// exchangers, and which of these do not answer, or send us away before any mail.
//
// Flow      Note after each attempt: what is new is told to every caller; Blocked for a caller that
//           comes later.
// Lifetime  One executor.
// Limits    Only mail by MX without an address or name servers of its own. kDestinationsMax
//           domains and blocks; each domain is told again after kDestinationTtl.
// See       proto/postern/v1/proxy.proto; deliver/destinations.h is the other side

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"

#include "common/smtp/engine.h"
#include "postern/v1/proxy.pb.h"

namespace postern::egress {

inline constexpr std::size_t kDestinationsMax = 10'000;
inline constexpr absl::Duration kDestinationTtl = absl::Minutes(30);

class Destinations {
 public:
  // Nothing is told when `blocked_time` is zero.
  explicit Destinations(absl::Duration blocked_time) : blocked_time_(blocked_time) {}

  std::optional<v1::Destination> Note(const smtp::Delivery& delivery,
                                      const smtp::Outcome& outcome,
                                      absl::Time now);

  std::vector<v1::Destination> Blocked(absl::Time now) const;

 private:
  struct Known {
    std::string mx_set;
    absl::Time told_until;
  };

  struct Block {
    std::string domain;  // the one that showed it
    absl::Time until;
  };

  v1::Destination Told(const std::string& domain, const std::string& mx_set, absl::Time now) const;
  bool IsFull(const std::string& domain, const std::string& mx_set) const;
  void MakeRoom(absl::Time now);

  absl::Duration blocked_time_;
  std::unordered_map<std::string, Known> domains_;
  std::unordered_map<std::string, Block> blocks_;  // by MX set
};

}  // namespace postern::egress
