#include "common/io/system_address.h"

#include "gtest/gtest.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace postern::io {
namespace {

TEST(SystemAddress, BothFamiliesAreReadAndOthersAreNone) {
  sockaddr_storage storage{};
  const auto& address = reinterpret_cast<const sockaddr&>(storage);
  EXPECT_FALSE(IpAddressIn(address));
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  v4.sin_family = AF_INET;
  ASSERT_EQ(::inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr), 1);
  EXPECT_EQ(IpAddressIn(address), *IpAddress::Parse("192.0.2.1"));
  storage = {};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  v6.sin6_family = AF_INET6;
  ASSERT_EQ(::inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr), 1);
  EXPECT_EQ(IpAddressIn(address), *IpAddress::Parse("2001:db8::1"));
  ASSERT_EQ(::inet_pton(AF_INET6, "::ffff:192.0.2.1", &v6.sin6_addr), 1);
  EXPECT_EQ(IpAddressIn(address), *IpAddress::Parse("192.0.2.1")) << "by a socket of both families";
}

}  // namespace
}  // namespace postern::io
