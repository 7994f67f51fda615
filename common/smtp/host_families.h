// common/smtp/host_families.h
//
// HostFamilies: the hosts of which one address family could not be connected to lately, or that
// refused what came over it for our address, so that the other one is dialled first.
//
// Flow      Order before dialling; Failed and Worked afterwards.
// Limits    A failure is remembered for ten minutes, kFailuresMax of them.
// See       RFC 8305 §4

#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/time/time.h"

#include "common/io/endpoint.h"
#include "common/smtp/lately.h"

namespace postern::smtp {

class HostFamilies {
 public:
  static constexpr std::size_t kFailuresMax = 10'000;
  static constexpr absl::Duration kRemembered = absl::Minutes(10);

  void Failed(std::string_view host, const io::IpAddress& address, absl::Time now) {
    failed_.Remember(FamilyOf(host, address), now);
  }

  void Worked(std::string_view host, const io::IpAddress& address) {
    failed_.Forget(FamilyOf(host, address));
  }

  // Puts the addresses of a family that failed behind those of one that did not.
  void Order(std::string_view host, std::vector<io::IpAddress>& addresses, absl::Time now) const {
    if (failed_.size() == 0) return;
    std::stable_partition(addresses.begin(), addresses.end(), [&](const io::IpAddress& address) {
      return !failed_.Contains(FamilyOf(host, address), now);
    });
  }

  std::size_t size() const { return failed_.size(); }

 private:
  // Of a host: true is IPv4.
  static std::tuple<std::string_view, bool> FamilyOf(std::string_view host,
                                                     const io::IpAddress& address) {
    return {host, address.is_v4()};
  }

  Lately<std::tuple<std::string, bool>> failed_{kRemembered, kFailuresMax};
};

}  // namespace postern::smtp
