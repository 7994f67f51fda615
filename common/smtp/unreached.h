// common/smtp/unreached.h
//
// Unreached: the addresses that could not be connected to lately, or did not greet, so that others
// are asked first.
//
// Flow      Order before the first host; Failed and Worked afterwards.
// Limits    A failure is remembered for ten minutes, of kAddressesMax addresses. Nothing is dropped
//           because of it: when all have failed the order is as without it.
// See       RFC 5321 §5.1; host_families.h for the families of one host

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

#include "common/dns/hosts.h"
#include "common/io/endpoint.h"
#include "common/smtp/lately.h"

namespace postern::smtp {

class Unreached {
 public:
  static constexpr std::size_t kAddressesMax = 10'000;
  static constexpr absl::Duration kRemembered = absl::Minutes(10);

  void Failed(const io::Endpoint& address, absl::Time now) { failed_.Remember(address, now); }

  void Worked(const io::Endpoint& address) { failed_.Forget(address); }

  // Puts the addresses of a host that failed behind its others, and the hosts of which all did
  // behind the other hosts; what is left keeps its order.
  void Order(std::vector<dns::Host>& hosts, std::uint16_t port, absl::Time now) const {
    if (failed_.size() == 0) return;
    const auto fresh = [&](const io::IpAddress& address) {
      return !failed_.Contains(io::Endpoint{address, port}, now);
    };
    for (dns::Host& host : hosts)
      std::stable_partition(host.addresses.begin(), host.addresses.end(), fresh);
    std::stable_partition(hosts.begin(), hosts.end(), [&](const dns::Host& host) {
      return !host.addresses.empty() && fresh(host.addresses.front());
    });
  }

  std::size_t size() const { return failed_.size(); }

 private:
  Lately<io::Endpoint> failed_{kRemembered, kAddressesMax};
};

}  // namespace postern::smtp
