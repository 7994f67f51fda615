// common/smtp/host_families.h
//
// HostFamilies: the hosts of which one address family could not be connected to lately, so that the
// other one is dialled first.
//
// Flow      Order before dialling; Failed and Worked afterwards.
// Limits    A failure is remembered for ten minutes, of kHostsMax hosts.
// See       RFC 8305 §4

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "common/io/endpoint.h"

namespace postern::smtp {

class HostFamilies {
 public:
  static constexpr std::size_t kHostsMax = 10'000;
  static constexpr absl::Duration kRemembered = absl::Minutes(10);

  void Failed(std::string_view host, const io::IpAddress& address, absl::Time now) {
    auto known = hosts_.find(host);
    if (known == hosts_.end()) {
      if (hosts_.size() >= kHostsMax) DropPast(now);
      if (hosts_.size() >= kHostsMax) return;
      const Families never = {absl::InfinitePast(), absl::InfinitePast()};
      known = hosts_.emplace(host, never).first;
    }
    known->second[FamilyOf(address)] = now + kRemembered;
  }

  void Worked(std::string_view host, const io::IpAddress& address) {
    const auto known = hosts_.find(host);
    if (known == hosts_.end()) return;
    known->second[FamilyOf(address)] = absl::InfinitePast();
    // The other one may have nothing to remember either.
    const auto nothing = [](absl::Time until) { return until == absl::InfinitePast(); };
    if (std::all_of(known->second.begin(), known->second.end(), nothing)) hosts_.erase(known);
  }

  // Puts the addresses of a family that failed behind those of one that did not.
  void Order(std::string_view host, std::vector<io::IpAddress>& addresses, absl::Time now) const {
    if (hosts_.empty()) return;
    const auto known = hosts_.find(host);
    if (known == hosts_.end()) return;
    const Families& until = known->second;
    std::stable_partition(
        addresses.begin(), addresses.end(),
        [&until, now](const io::IpAddress& address) { return until[FamilyOf(address)] <= now; });
  }

  std::size_t size() const { return hosts_.size(); }

 private:
  using Families = std::array<absl::Time, 2>;  // until when a failure is remembered: IPv6, IPv4

  static std::size_t FamilyOf(const io::IpAddress& address) { return address.is_v4() ? 1 : 0; }

  void DropPast(absl::Time now) {
    std::erase_if(hosts_, [now](const auto& host) {
      return std::all_of(host.second.begin(), host.second.end(),
                         [now](absl::Time until) { return until <= now; });
    });
  }

  std::map<std::string, Families, std::less<>> hosts_;
};

}  // namespace postern::smtp
