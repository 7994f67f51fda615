#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::size_t kMebibyte = 1 << 20;
// More than the buffers of a TCP connection hold, so that the end is not on its way when the host
// fails in the middle.
constexpr std::size_t kMoreThanBuffers = 8 * kMebibyte;

// Lines that all differ.
std::string LargeContent(std::size_t bytes) {
  std::string content = "Subject: large\r\nFrom: ann@a.test\r\n\r\n";
  for (int line = 0; content.size() < bytes; ++line)
    content += "line " + std::to_string(line) + " of a large message\r\n";
  return content;
}

std::string AfterHeader(const std::string& content) {
  return content.substr(content.find("\r\n\r\n"));
}

class LargeBody : public World {
 protected:
  void TravelsWhole() {
    Peer("first").DropsInContent(300 * 1024);
    FrontEnd();
    Connector({"frontendProxyEnabled: true"});
    Start();
    EXPECT_THAT(Submit({"bob@b.test"}, LargeContent(kMoreThanBuffers)), ElementsAre("250"));
    EXPECT_TRUE(Delivered("second"));
    EXPECT_TRUE(AfterHeader(MailsOf("second").at(0).content) ==
                AfterHeader(LargeContent(kMoreThanBuffers)));
    EXPECT_EQ(ConnectionsOf("first"), 1) << "the first host failed in the middle of it";
    EXPECT_EQ(Metric("postern_deliver_ambiguous_total"), 0);
    EXPECT_TRUE(Empty());
  }
};

TEST_F(LargeBody, ThroughTheFrontEnd) {
  TravelsWhole();
}

TEST_F(LargeBody, ThroughTheFrontEndByMutualTls) {
  Secure();
  TravelsWhole();
}

TEST_F(LargeBody, IsSentAgainWhenTheFrontEndGoes) {
  Peer("first").Stalls("DATA", 1);
  FrontEnd();
  Connector({"frontendProxyEnabled: true"});
  front_end_settings_.server.stop_grace.value = absl::Milliseconds(1);
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}, LargeContent(kMebibyte)), ElementsAre("250"));
  EXPECT_TRUE(Soon([this] { return Heard("first", "DATA") == 1; }));
  StopFrontEnd();
  FrontEnd();
  EXPECT_TRUE(Delivered("first"));
  EXPECT_EQ(Metric("postern_deliver_ambiguous_total"), 0) << "no dot can have gone out";
  EXPECT_TRUE(Empty());
}

}  // namespace
}  // namespace postern::testing
