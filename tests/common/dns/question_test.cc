#include "common/dns/question.h"

#include <gtest/gtest.h>

namespace postern::dns {
namespace {

TEST(QuestionTest, AServerIsAnAddressWithAnOptionalPort) {
  EXPECT_EQ(ParseServer("192.0.2.53")->ToString(), "192.0.2.53:53");
  EXPECT_EQ(ParseServer("127.0.0.1:5353")->ToString(), "127.0.0.1:5353");
  EXPECT_EQ(ParseServer("[::1]:54")->ToString(), "[::1]:54");
  for (const char* text : {"", "53", ":53", "ns.test", "127.0.0.1:0"})
    EXPECT_TRUE(absl::IsInvalidArgument(ParseServer(text).status())) << text;
}

TEST(QuestionTest, ANameIsLabels) {
  EXPECT_EQ(*NameToAsk("mx", "A.Test."), "a.test");
  EXPECT_EQ(*NameToAsk("tlsa", "_25._tcp.mx.test"), "_25._tcp.mx.test");
  for (const std::string& text : {std::string(), std::string("a..b"), std::string("a b"),
                                  std::string("b\xc3\xbc"
                                              "cher.test"),
                                  std::string(64, 'a')})
    EXPECT_TRUE(absl::IsInvalidArgument(NameToAsk("mx", text).status())) << text;
}

}  // namespace
}  // namespace postern::dns
