#include "common/observe/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/text.h"

namespace postern::observe {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() : server_(*HttpServer::Start("127.0.0.1:0", registry_)) {}

  int Connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  // What the server answers until it closes.
  std::string Ask(std::string_view request) const {
    const int fd = Connect();
    std::string out;
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
      char buffer[4096];
      for (ssize_t n; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
        out.append(buffer, static_cast<std::size_t>(n));
      }
    }
    ::close(fd);
    return out;
  }

  std::string Get(std::string_view path, std::string_view method = "GET") const {
    return Ask(base::Cat(method, " ", path, " HTTP/1.1\r\nHost: x\r\n\r\n"));
  }

  Registry registry_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, MetricsAreServed) {
  registry_.AddCounter("sent_total", "Sent.").Add(5);
  EXPECT_THAT(Get("/metrics"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("text/plain; version=0.0.4"),
                    EndsWith("\nsent_total 5\n")));
}

TEST_F(HttpServerTest, AServiceIsReadyWhenEveryReasonIsGone) {
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200"));
  server_->SetNotReady("store", "opening\r\nX: y");
  server_->SetNotReady("directory", "no snapshot");
  EXPECT_THAT(Get("/readyz"),
              AllOf(StartsWith("HTTP/1.1 503"),
                    EndsWith("\r\n\r\ndirectory: no snapshot\nstore: opening\\x0d\\x0aX: y\n")));
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200"));
  server_->SetReady("store");
  server_->SetReady("directory");
  EXPECT_THAT(Get("/readyz"), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\nok\n")));
}

TEST_F(HttpServerTest, AReasonMayGoByItself) {
  server_->SetNotReady("drain", "over", absl::Now());
  server_->SetNotReady("other", "still", absl::Now() + absl::Minutes(1));
  EXPECT_THAT(Get("/readyz"), EndsWith("\r\n\r\nother: still\n"));
}

TEST_F(HttpServerTest, AStartingServiceIsNotReadyFromTheFirstRequestOn) {
  server_ = *HttpServer::Start("127.0.0.1:0", registry_, "start");
  EXPECT_THAT(Get("/readyz"), AllOf(StartsWith("HTTP/1.1 503"), EndsWith("start: starting\n")));
  server_->SetReady("start");
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, WithoutReadingsThereAreNoMetrics) {
  bool gone = false;
  registry_.AddReading("reading", "Read.", [&gone] {
    EXPECT_FALSE(gone);
    return 1.0;
  });
  EXPECT_THAT(Get("/metrics"), HasSubstr("reading 1"));
  server_->CloseMetrics();
  gone = true;
  EXPECT_THAT(Get("/metrics"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  EXPECT_THAT(Get("/livez", "HEAD"),
              AllOf(HasSubstr("Content-Length: 3\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(HttpServerTest, NothingElseIsServed) {
  EXPECT_THAT(Get("/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get("/metrics/x"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get("/../etc/passwd"), ::testing::Not(HasSubstr("root:")));
  for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    EXPECT_THAT(Get("/metrics", method),
                AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD\r\n")))
        << method;
  }
}

TEST_F(HttpServerTest, BadRequestsAreRefused) {
  EXPECT_THAT(Ask("nonsense\r\n\r\n"), ::testing::Not(HasSubstr("200 OK")));
  EXPECT_THAT(Ask(base::Cat("GET /", std::string(20'000, 'x'), " HTTP/1.1\r\n\r\n")),
              ::testing::ContainsRegex("^HTTP/1.1 4[0-9][0-9] "));
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ARequestWithoutEndIsCutOff) {
  const int fd = Connect();
  std::string sent = "GET /livez HTTP/1.1\r\n";
  std::size_t bytes = 0;
  while (bytes < 64 * 1024 * 1024) {
    const ssize_t n = ::send(fd, sent.data(), sent.size(), MSG_NOSIGNAL);
    if (n <= 0) break;
    bytes += static_cast<std::size_t>(n);
    sent = base::Cat("x-header-", bytes, ": ", std::string(1000, 'x'), "\r\n");
  }
  EXPECT_LT(bytes, 64u * 1024 * 1024) << "it was closed long before";
  ::close(fd);
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ACheckMaySayThatTheProcessHangs) {
  std::string reason;
  server_->AddLiveCheck([&reason] { return reason; });
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200"));
  reason = "an io thread has not answered for 61s";
  EXPECT_THAT(Get("/livez"), AllOf(StartsWith("HTTP/1.1 503"), EndsWith("for 61s\n")));
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ConnectionsAreNotKept) {
  EXPECT_THAT(Get("/livez"), HasSubstr("Connection: close\r\n"));
}

TEST_F(HttpServerTest, ConnectionsThatSayNothingDoNotHoldUpAProbe) {
  std::vector<int> idle;
  for (int i = 0; i < 50; ++i) {
    idle.push_back(Connect());
    // Half of them say a little.
    const std::string_view said = i % 2 == 0 ? "GET" : "";
    EXPECT_EQ(::send(idle.back(), said.data(), said.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(said.size()));
  }
  const absl::Time began = absl::Now();
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200"));
  EXPECT_LT(absl::Now() - began, absl::Seconds(5));  // a probe's timeout
  for (const int fd : idle)
    ::close(fd);
}

TEST_F(HttpServerTest, ThePortIsFreeForTheNextProcessAtOnce) {
  const std::string address = base::Cat("127.0.0.1:", server_->port());
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200"));
  server_.reset();
  const auto next = HttpServer::Start(address, registry_);
  EXPECT_TRUE(next.ok()) << next.status();
}

TEST_F(HttpServerTest, APortInUseIsNamed) {
  const std::string address = base::Cat("127.0.0.1:", server_->port());
  const auto second = HttpServer::Start(address, registry_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(base::MessageOf(second.status()),
            base::Cat("listen on ", address, ": address already in use"));
}

TEST(HttpServerAddressTest, BothFamiliesAreServedOnTheAddressOfIpv6) {
  Registry registry;
  const auto server = HttpServer::Start("[::]:0", registry);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto connects = [&](int family) {
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(static_cast<std::uint16_t>((*server)->port()));
    six.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = six.sin6_port;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int result = family == AF_INET6
                           ? ::connect(fd, reinterpret_cast<const sockaddr*>(&six), sizeof six)
                           : ::connect(fd, reinterpret_cast<const sockaddr*>(&four), sizeof four);
    ::close(fd);
    return result == 0;
  };
  EXPECT_TRUE(connects(AF_INET));
  EXPECT_TRUE(connects(AF_INET6));
}

TEST(HttpServerAddressTest, OnlyAnAddressAndAPortAreTaken) {
  Registry registry;
  for (const std::string address :
       {"", "9717", ":9717", "localhost:9717", "127.0.0.1:", "1.2.3.4:65536", "127.0.0.1:0,8080",
        "127.0.0.1:443s", "::1:80", "[::1]", "[x]:80"}) {
    EXPECT_EQ(HttpServer::Start(address, registry).status().code(),
              absl::StatusCode::kInvalidArgument)
        << address;
  }
}

}  // namespace
}  // namespace postern::observe
