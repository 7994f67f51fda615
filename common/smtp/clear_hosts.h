// common/smtp/clear_hosts.h
//
// ClearHosts: the addresses whose STARTTLS does not work, for opportunistic TLS.
//
// Limits    An address is remembered for an hour, kHostsMax of them.

#pragma once

#include <cstddef>
#include <map>

#include "absl/time/time.h"

#include "common/io/endpoint.h"

namespace postern::smtp {

class ClearHosts {
 public:
  static constexpr std::size_t kHostsMax = 10'000;

  void Remember(const io::Endpoint& host, absl::Time now) {
    std::erase_if(until_, [now](const auto& known) { return known.second <= now; });
    if (until_.size() < kHostsMax) until_[host] = now + absl::Hours(1);
  }

  void Forget(const io::Endpoint& host) { until_.erase(host); }

  bool Contains(const io::Endpoint& host, absl::Time now) const {
    const auto known = until_.find(host);
    return known != until_.end() && known->second > now;
  }

 private:
  std::map<io::Endpoint, absl::Time> until_;
};

}  // namespace postern::smtp
