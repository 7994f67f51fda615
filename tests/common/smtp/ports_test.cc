#include "common/smtp/ports.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PortsTest, APortIsANumberFrom1To65535) {
  EXPECT_THAT(*ParsePorts({"465", "1", "65535"}), ElementsAre(465, 1, 65535));
  EXPECT_THAT(*ParsePorts({}), IsEmpty());
  for (const char* wrong : {"", "0", "65536", "-1", "smtps", "465,466"})
    EXPECT_FALSE(ParsePorts({"465", wrong}).ok()) << wrong;
  EXPECT_EQ(ParsePorts({"x"}).status().message(), "\"x\": must be a port from 1 to 65535");
}

}  // namespace
}  // namespace postern::smtp
