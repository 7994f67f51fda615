#include "common/io/own_addresses.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace postern::io {
namespace {

TEST(OwnAddressesTest, LoopbackIsOursAndADocumentationAddressIsNot) {
  const std::vector<IpAddress> own = OwnAddresses();
  const auto has = [&own](std::string_view text) {
    return std::find(own.begin(), own.end(), *IpAddress::Parse(text)) != own.end();
  };
  EXPECT_TRUE(has("127.0.0.1"));
  EXPECT_FALSE(has("192.0.2.1"));
}

}  // namespace
}  // namespace postern::io
