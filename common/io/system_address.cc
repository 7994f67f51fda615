#include "common/io/system_address.h"

#include <algorithm>

#include <netinet/in.h>
#include <sys/socket.h>

namespace postern::io {

std::optional<IpAddress> IpAddressIn(const sockaddr& address) {
  IpAddress ip;
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ip.bytes[10] = ip.bytes[11] = 0xFF;
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), 4, ip.bytes.begin() + 12);
    return ip;
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  std::copy_n(reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr), 16, ip.bytes.begin());
  return ip;
}

}  // namespace postern::io
