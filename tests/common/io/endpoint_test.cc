#include "common/io/endpoint.h"

#include <gtest/gtest.h>

namespace postern::io {
namespace {

TEST(EndpointTest, TextComesBack) {
  for (const char* text : {"192.0.2.1:25", "[2001:db8::1]:25", "0.0.0.0:0"}) {
    const auto endpoint = Endpoint::Parse(text);
    ASSERT_TRUE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint->ToString(), text);
  }
  EXPECT_EQ(Endpoint::Parse(":2525")->ToString(), "0.0.0.0:2525");
}

TEST(EndpointTest, NonsenseIsRefused) {
  for (const char* text : {"", "host:25", "1.2.3.4", "1.2.3.4:99999", "::1:25", "1.2.3.4:"}) {
    EXPECT_FALSE(Endpoint::Parse(text).ok()) << text;
  }
}

TEST(EndpointTest, AClientHasAnIpv4AddressOrSixtyFourBitsOfIpv6) {
  const auto source = [](const char* text) { return IpAddress::Parse(text)->Source().ToString(); };
  EXPECT_EQ(source("192.0.2.9"), "192.0.2.9");
  EXPECT_EQ(source("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
}

TEST(EndpointTest, NetworksContainTheirAddresses) {
  struct Row {
    const char *network, *address;
    bool inside;
  };

  for (const Row& row :
       {Row{"10.0.0.0/8", "10.255.0.1", true}, Row{"10.0.0.0/8", "11.0.0.1", false},
        Row{"192.0.2.128/25", "192.0.2.127", false}, Row{"192.0.2.128/25", "192.0.2.200", true},
        Row{"2001:db8::/33", "2001:db8:7fff::1", true},
        Row{"2001:db8::/33", "2001:db8:8000::1", false}, Row{"127.0.0.1", "127.0.0.1", true},
        Row{"0.0.0.0/0", "::1", false}}) {
    EXPECT_EQ(Network::Parse(row.network)->Contains(*IpAddress::Parse(row.address)), row.inside)
        << row.network << " " << row.address;
  }
}

TEST(EndpointTest, BadNetworksAreRefused) {
  for (const char* text : {"10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "x"}) {
    EXPECT_FALSE(Network::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace postern::io
