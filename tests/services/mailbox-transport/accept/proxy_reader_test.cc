#include "services/mailbox-transport/accept/proxy_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/mailbox-transport/accept/session_fixture.h"
#include "tests/support/memory_stream.h"

namespace postern::accept::testing {
namespace {

using ::testing::HasSubstr;

class ProxyReaderTest : public SessionFixture {
 protected:
  ProxyReaderTest() {
    listener_.proxy = {true, true};
    listener_.proxy_peers = {Net("10.0.0.1")};
  }

  // Reads the header from `wire`, which came from `peer`; then what is left behind it.
  absl::Status Read(std::string_view wire, std::string_view peer = "10.0.0.1") {
    absl::Status status;
    io::RunTask(executor_, Run(this, std::string(wire), Ip(peer), &status));
    return status;
  }

  static io::Task<void> Run(ProxyReaderTest* test,
                            std::string wire,
                            io::IpAddress peer,
                            absl::Status* status) {
    const io::Endpoint from{peer, 4000};
    auto [near, far] = postern::testing::MemoryPipe(1 << 20, from, io::Endpoint());
    const absl::Status written = co_await near->Write(wire);
    EXPECT_TRUE(written.ok());
    near->Close();
    test->client_ = Client();
    *status = co_await ReadProxyHeader(*far, test->listener_, test->client_);
    char rest[256];
    const auto read = co_await far->Read(rest, sizeof(rest));
    test->rest_ = read.ok() ? std::string(rest, *read) : "";
  }

  std::string rest_;
};

TEST_F(ProxyReaderTest, LeavesWhatIsBehindTheHeader) {
  ASSERT_TRUE(Read("PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n\x16\x03\x01hello").ok());
  EXPECT_EQ(client_.address.ToString(), "192.0.2.1:40000");
  EXPECT_TRUE(client_.address_counts);
  EXPECT_EQ(rest_, "\x16\x03\x01hello");
}

TEST_F(ProxyReaderTest, AnUnknownClientHasNoRights) {
  ASSERT_TRUE(Read("PROXY UNKNOWN\r\nEHLO").ok());
  EXPECT_FALSE(client_.address_counts);
  EXPECT_EQ(rest_, "EHLO");
}

TEST_F(ProxyReaderTest, TellsWhyAConnectionIsDropped) {
  EXPECT_THAT(std::string(base::MessageOf(Read("EHLO client.example.test\r\n"))),
              HasSubstr("PROXY header from 10.0.0.1:4000: the connection does not begin"));
  EXPECT_THAT(std::string(base::MessageOf(Read("PROXY TCP4"))), HasSubstr("closed the connection"));
  EXPECT_THAT(std::string(base::MessageOf(Read("PROXY UNKNOWN\r\n", "10.0.0.2"))),
              HasSubstr("not one of proxyPeers"));
}

}  // namespace
}  // namespace postern::accept::testing
