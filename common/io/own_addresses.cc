#include "common/io/own_addresses.h"

#include <ifaddrs.h>
#include <sys/socket.h>

#include "common/io/system_address.h"

namespace postern::io {

std::vector<IpAddress> OwnAddresses() {
  std::vector<IpAddress> own;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return own;
  for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    if (const auto address = IpAddressIn(*at->ifa_addr)) own.push_back(*address);
  }
  freeifaddrs(first);
  return own;
}

}  // namespace postern::io
