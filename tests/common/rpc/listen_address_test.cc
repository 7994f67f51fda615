#include "common/rpc/listen_address.h"

#include "gmock/gmock.h"

namespace postern::rpc {
namespace {

using ::testing::HasSubstr;

std::string Fault(const std::string& text, bool plain = false) {
  RpcSettings settings;
  settings.insecure_plaintext.value = plain;
  settings::Setting<std::string> address{.key = "server.admin_address"};
  address.value = text;
  return std::string(CheckListenAddress(settings, address).message());
}

TEST(ListenAddress, AnAddressHasAPort) {
  for (const char* good : {"0.0.0.0:7171", "[::]:7171", "localhost:0", "127.0.0.1:65535"})
    EXPECT_EQ(Fault(good), "") << good;
  for (const char* bad : {"", "7171", ":7171", "0.0.0.0", "0.0.0.0:", "0.0.0.0:x", "a:65536"})
    EXPECT_THAT(Fault(bad), HasSubstr("server.admin_address: ")) << bad;
}

TEST(ListenAddress, PlainTextStaysOnTheMachine) {
  EXPECT_EQ(Fault("127.0.0.1:7171", true), "");
  EXPECT_THAT(Fault("0.0.0.0:7171", true), HasSubstr("rpc.insecure_plaintext: 0.0.0.0:7171"));
}

}  // namespace
}  // namespace postern::rpc
