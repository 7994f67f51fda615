#include "services/mailbox-transport/accept/gate.h"

#include <gtest/gtest.h>

namespace postern::accept {
namespace {

TEST(GateTest, LimitsHoldInAllAndForEachAddress) {
  Gate gate;
  const auto one = io::IpAddress::Parse("192.0.2.1").value();
  const auto two = io::IpAddress::Parse("192.0.2.2").value();
  const auto near = io::IpAddress::Parse("127.0.0.1").value();
  const auto first = gate.Enter(one, 4, 1);
  EXPECT_TRUE(first);
  EXPECT_FALSE(gate.Enter(one, 4, 1));
  {
    const auto second = gate.Enter(two, 4, 1);
    EXPECT_TRUE(second);
    EXPECT_EQ(gate.open(), 2u);
    const auto third = gate.Enter(near, 4, 1);
    const auto fourth = gate.Enter(near, 4, 1);
    EXPECT_TRUE(third);
    EXPECT_TRUE(fourth);
    EXPECT_FALSE(gate.Enter(near, 4, 1));
  }
  EXPECT_EQ(gate.open(), 1u);
  EXPECT_TRUE(gate.Enter(two, 4, 1));
}

TEST(GateTest, AnIpv6ClientIsItsWholeSixtyFourBits) {
  Gate gate;
  const auto first = gate.Enter(io::IpAddress::Parse("2001:db8::1").value(), 9, 1);
  EXPECT_TRUE(first);
  EXPECT_FALSE(gate.Enter(io::IpAddress::Parse("2001:db8::2").value(), 9, 1));
  EXPECT_TRUE(gate.Enter(io::IpAddress::Parse("2001:db8:0:1::2").value(), 9, 1));
  EXPECT_EQ(gate.open(), 1u);
}

}  // namespace
}  // namespace postern::accept
