#include "common/io/own_addresses.h"

#include <algorithm>

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace postern::io {

std::vector<IpAddress> OwnAddresses() {
  std::vector<IpAddress> own;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return own;
  for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    IpAddress address;
    if (at->ifa_addr->sa_family == AF_INET) {
      const auto& v4 = *reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
      address.bytes[10] = address.bytes[11] = 0xFF;
      std::copy_n(reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), 4,
                  address.bytes.begin() + 12);
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(at->ifa_addr);
      std::copy_n(reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr), 16, address.bytes.begin());
    } else {
      continue;
    }
    own.push_back(address);
  }
  freeifaddrs(first);
  return own;
}

}  // namespace postern::io
