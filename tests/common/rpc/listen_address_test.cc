#include "common/rpc/listen_address.h"

#include "gmock/gmock.h"

#include "common/base/text.h"

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

struct TwoRow {
  const char* one;
  const char* other;
  bool meet;
};

TEST(ListenAddressTest, TwoThatWantOnePortAreNamed) {
  const TwoRow rows[] = {
      {"0.0.0.0:7171", "0.0.0.0:7172", false},
      {"0.0.0.0:7171", "0.0.0.0:7171", true},
      {"0.0.0.0:7171", "127.0.0.1:7171", true},
      {"127.0.0.1:7171", "0.0.0.0:7171", true},
      {"127.0.0.1:7171", "127.0.0.2:7171", false},
      {"[::]:7171", "127.0.0.1:7171", true},
      {"0.0.0.0:7171", "[::1]:7171", false},
      {"127.0.0.1:0", "127.0.0.1:0", false},
      {"nonsense", "nonsense", false},
      {"a:x", "a:x", false},
  };
  for (const TwoRow& row : rows) {
    settings::Errors errors;
    CheckApart({{"server.a", row.one}, {"server.b", row.other}}, errors);
    const std::string said(errors.Together().message());
    EXPECT_EQ(!said.empty(), row.meet) << row.one << " " << row.other;
    if (row.meet) {
      EXPECT_EQ(said, base::Cat("server.b: \"", row.other, "\": server.a \"", row.one,
                                "\" listens there: give each a port of its own"));
    }
  }
}

}  // namespace
}  // namespace postern::rpc
