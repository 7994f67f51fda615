// Questions with letters of random case, and the answers to them.

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/dns/cares_resolver.h"
#include "common/dns/letter_case.h"
#include "tests/support/await.h"
#include "tests/support/dns_servers.h"

namespace postern::dns {
namespace {

// For five minutes 198.51.100.`last`.
std::string AddressRecord(int last) {
  const std::string head("\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc6\x33\x64", 15);
  return head + static_cast<char>(last);
}

class CaresCaseTest : public ::testing::Test {
 protected:
  CaresCaseTest() { executor_.Start(); }

  ~CaresCaseTest() override {
    executor_.Run([this] { resolver_.reset(); });
    executor_.Stop();
  }

  // From now on this server, and no other.
  void Ask(const testing::ScriptedDns& server) {
    CaresResolver::Options options;
    options.servers = {server.server()};
    options.families = CaresResolver::Families::kIpv4;
    options.protocol = protocol_;
    options.per_server_timeout = absl::Seconds(2);
    options.tries = 1;
    executor_.Run([&] { resolver_ = *CaresResolver::Make(executor_, options); });
  }

  // The one address, or what failed.
  std::string Address() {
    const auto answer = testing::Await(
        executor_, resolver_->Addresses("a-name-with-many-letters.of-a-long-domain.test"));
    if (!answer.ok()) return answer.status().ToString();
    return answer->addresses.size() == 1 ? answer->addresses[0].ToString() : "not one";
  }

  io::Executor executor_{"case"};
  CaresResolver::Protocol protocol_ = CaresResolver::Protocol::kAny;
  std::unique_ptr<CaresResolver> resolver_;
};

TEST_F(CaresCaseTest, AQuestionHasRandomCaseAndItsAnswerRepeatsIt) {
  std::vector<std::string> heard;
  {
    const testing::ScriptedDns server([&heard](const std::string& question) {
      heard.emplace_back(QuestionOf(question));
      return testing::ScriptedDns::Bytes(AddressRecord(1))(question);
    });
    Ask(server);
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(Address(), "198.51.100.1");
    EXPECT_EQ(server.tcp_questions(), 0);
  }
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_NE(heard[0], heard[1]);
  EXPECT_NE(heard[1], heard[2]);
}

TEST_F(CaresCaseTest, AServerThatDoesNotKeepTheCaseIsAskedByTcp) {
  const testing::ScriptedDns server(testing::ScriptedDns::LowerBytes(AddressRecord(1)));
  Ask(server);
  for (int i = 1; i <= 2; ++i) {
    EXPECT_EQ(Address(), "198.51.100.1");
    EXPECT_EQ(server.tcp_questions(), i);
  }
}

TEST_F(CaresCaseTest, AForgedAnswerInOtherLettersCountsForNothing) {
  const testing::ScriptedDns server([](const std::string& question) {
    const std::string name(QuestionOf(question));
    if (base::LowerAscii(name) == name)  // by TCP
      return testing::ScriptedDns::Bytes(AddressRecord(1))(question);
    return testing::ScriptedDns::LowerBytes(AddressRecord(9))(question);
  });
  Ask(server);
  EXPECT_EQ(Address(), "198.51.100.1");
  EXPECT_EQ(server.questions(), 2);
}

TEST_F(CaresCaseTest, ByUdpOrTcpAloneTheCaseIsLower) {
  using enum CaresResolver::Protocol;
  for (const auto protocol : {kUdpOnly, kTcpOnly}) {
    const testing::ScriptedDns server(testing::ScriptedDns::LowerBytes(AddressRecord(1)));
    protocol_ = protocol;
    Ask(server);
    EXPECT_EQ(Address(), "198.51.100.1");
    EXPECT_EQ(server.questions(), 1);
    EXPECT_EQ(server.tcp_questions(), protocol == kTcpOnly ? 1 : 0);
  }
}

}  // namespace
}  // namespace postern::dns
