#include "common/http/client.h"

#include <cstdlib>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/io/executor.h"
#include "common/io/scope.h"
#include "tests/support/await.h"
#include "tests/support/certificates.h"
#include "tests/support/https_server.h"

namespace postern::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kHost[] = "www.web.test";

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    executor_.Start();
    options_.ca_file = ca_.ca_file();
    options_.time_max = absl::Seconds(20);
    web_.Serves("hello\n");
  }

  ~ClientTest() override { executor_.Stop(); }

  Request RequestFor(std::string host = kHost, const std::string& address = "127.0.0.1") {
    Request request;
    request.host = std::move(host);
    request.path = "/.well-known/a.txt";
    request.port = web_.port();
    request.addresses = {*io::IpAddress::Parse(address)};
    return request;
  }

  Client& client() {
    if (client_ == nullptr) {
      auto made = Client::Make(options_);
      EXPECT_TRUE(made.ok()) << made.status();
      client_ = *std::move(made);
    }
    return *client_;
  }

  absl::StatusOr<Response> Get(Request request) {
    return testing::Await(executor_, client().Get(std::move(request)));
  }

  absl::Status Fails() {
    const auto response = Get(RequestFor());
    return response.status();
  }

  testing::CertificateAuthority ca_;
  testing::HttpsServer web_{ca_.Issue(testing::ForHost(kHost))};
  io::Executor executor_{"fibers"};
  Client::Options options_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, GetsBodyAndContentType) {
  web_.Serves("hello\n", "text/plain; charset=utf-8");
  const auto response = Get(RequestFor());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "hello\n");
  EXPECT_EQ(response->content_type, "text/plain; charset=utf-8");
  const auto heard = web_.heard();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_THAT(heard[0], StartsWith("GET /.well-known/a.txt HTTP/1.1\r\n"));
  EXPECT_THAT(heard[0], HasSubstr(base::Cat("\r\nHost: ", kHost, ":", web_.port(), "\r\n")));
}

TEST_F(ClientTest, ABodyMayComeInChunksOrUpToTheEnd) {
  web_.Says(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  auto response = Get(RequestFor());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "abcde");
  EXPECT_EQ(response->content_type, "");
  web_.Says("HTTP/1.1 200 OK\r\n\r\nabc");
  response = Get(RequestFor());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "abc");
}

TEST_F(ClientTest, EachRequestHasAConnectionAndAHandshakeOfItsOwn) {
  EXPECT_TRUE(Get(RequestFor()).ok());
  EXPECT_TRUE(Get(RequestFor()).ok());
  EXPECT_EQ(web_.connections(), 2);
}

TEST_F(ClientTest, TheNextAddressServesWhenTheFirstRefuses) {
  Request request = RequestFor(kHost, "127.0.0.77");
  request.addresses.push_back(*io::IpAddress::Parse("127.0.0.1"));
  const auto response = Get(request);
  EXPECT_TRUE(response.ok()) << response.status();
}

TEST_F(ClientTest, AddressesOfVersion6Serve) {
  testing::HttpsServer six(ca_.Issue(testing::ForHost(kHost)), "::1");
  six.Serves("six");
  Request request = RequestFor(kHost, "::1");
  request.port = six.port();
  const auto response = Get(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "six");
}

TEST_F(ClientTest, AddressesOfOneRequestSayNothingToAnother) {
  ASSERT_TRUE(Get(RequestFor()).ok());
  EXPECT_EQ(Get(RequestFor(kHost, "127.0.0.77")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(web_.connections(), 1);
}

TEST_F(ClientTest, ACertificateMustProveTheNameAndHold) {
  struct Row {
    std::string_view fact;
    testing::CertificateFiles certificate;
    absl::StatusCode code;
  };

  testing::CertificateAuthority other("Another authority");
  // libcurl calls a signature that does not fit a handshake that failed.
  testing::CertificateAuthority namesake;
  auto wildcard = testing::ForHost("*.web.test");
  for (const Row& row : {
           Row{"its name", ca_.Issue(testing::ForHost(kHost)), absl::StatusCode::kOk},
           Row{"a wildcard", ca_.Issue(wildcard), absl::StatusCode::kOk},
           Row{"another name", ca_.Issue(testing::ForHost("web.test")),
               absl::StatusCode::kUnauthenticated},
           Row{"self-signed", ca_.SelfSign(testing::ForHost(kHost)),
               absl::StatusCode::kUnauthenticated},
           Row{"expired", ca_.Issue(testing::Expired(kHost)), absl::StatusCode::kUnauthenticated},
           Row{"another authority", other.Issue(testing::ForHost(kHost)),
               absl::StatusCode::kUnauthenticated},
           Row{"a namesake", namesake.Issue(testing::ForHost(kHost)),
               absl::StatusCode::kUnavailable},
       }) {
    web_.Shows(row.certificate);
    const auto response = Get(RequestFor());
    EXPECT_EQ(response.status().code(), row.code) << row.fact << ": " << response.status();
  }
  EXPECT_EQ(web_.requests(), 2u);
}

TEST_F(ClientTest, WithoutACaFileTheSystemsStoreDecides) {
  options_.ca_file.clear();
  EXPECT_EQ(Fails().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(web_.requests(), 0u);
}

TEST_F(ClientTest, ACaFileThatCannotBeReadIsSaidAtOnce) {
  options_.ca_file = ca_.folder() + "/absent.pem";
  const auto made = Client::Make(options_);
  EXPECT_EQ(made.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("absent.pem"));
}

TEST_F(ClientTest, OnlyStatus200IsAnAnswer) {
  for (const std::string_view status :
       {"404 Not Found", "500 Oops", "204 No Content", "206 Partial Content", "201 Created"}) {
    web_.Answers(status);
    const absl::Status failed = Fails();
    EXPECT_EQ(failed.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(failed.message()),
                HasSubstr(base::Cat("status ", status.substr(0, 3), ", must be 200")));
  }
}

TEST_F(ClientTest, RedirectsAreNotFollowed) {
  for (const std::string_view status :
       {"301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"}) {
    const std::size_t before = web_.requests();
    web_.Answers(status,
                 base::Cat("Location: https://", kHost, ":", web_.port(), "/elsewhere\r\n"));
    EXPECT_EQ(Fails().code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(web_.requests(), before + 1) << status;
  }
}

TEST_F(ClientTest, WhatIsLongerThanAllowedIsRefused) {
  options_.body_bytes_max = 1000;
  web_.Serves(std::string(1000, 'x'));
  EXPECT_EQ(Get(RequestFor())->body.size(), 1000u);
  web_.Serves(std::string(1001, 'x'));
  EXPECT_EQ(Fails().code(), absl::StatusCode::kOutOfRange);
  // Without a length that tells in advance.
  web_.Says("HTTP/1.1 200 OK\r\n\r\n" + std::string(300'000, 'x'));
  EXPECT_EQ(Fails().code(), absl::StatusCode::kOutOfRange);
  std::string headers;
  for (int i = 0; i < 1000; ++i)
    headers += base::Cat("X-", i, ": ", std::string(100, 'y'), "\r\n");
  web_.Answers("200 OK", headers, "short");
  EXPECT_EQ(Fails().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(ClientTest, TheDeadlineIsForTheWholeAnswer) {
  options_.time_max = absl::Milliseconds(300);
  web_.Serves(std::string(1000, 'x'));
  web_.Drips(absl::Milliseconds(5));
  const absl::Time begun = absl::Now();
  EXPECT_EQ(Fails().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(absl::Now() - begun, absl::Seconds(3));
}

TEST_F(ClientTest, ARequestMayHaveLessTime) {
  web_.Stalls();
  Request request = RequestFor();
  request.time_max = absl::Milliseconds(50);
  EXPECT_EQ(Get(request).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ClientTest, BrokenConnectionsAreUnavailable) {
  web_.Says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  EXPECT_EQ(Fails().code(), absl::StatusCode::kUnavailable);
  web_.Says("");
  EXPECT_EQ(Fails().code(), absl::StatusCode::kUnavailable);
  web_.Says("220 mail.web.test ESMTP\r\n");
  EXPECT_EQ(Fails().code(), absl::StatusCode::kUnavailable);
  web_.Leaves();
  EXPECT_EQ(Fails().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ClientTest, ProxiesOfTheEnvironmentAreNotAsked) {
  ::setenv("https_proxy", "http://127.0.0.77:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.77:1", 1);
  const auto response = Get(RequestFor());
  ::unsetenv("https_proxy");
  ::unsetenv("ALL_PROXY");
  EXPECT_TRUE(response.ok()) << response.status();
}

TEST_F(ClientTest, WhatIsNoRequestIsNotMade) {
  const auto refused = [this](auto change) {
    Request request = RequestFor();
    change(request);
    const auto response = Get(std::move(request));
    return response.status().code() == absl::StatusCode::kInvalidArgument;
  };
  for (const std::string host : {"", "a b.test", "user@www.web.test", "www.web.test:1", "127.0.0.1",
                                 "0x7f.1", "www.web.test/x", "[::1]", "a..test"}) {
    EXPECT_TRUE(refused([&](Request& request) { request.host = host; })) << host;
  }
  for (const std::string path : {"", "x", "/a b", "/a#b", "/a\r\nX: y", "/\xc3\xa9"})
    EXPECT_TRUE(refused([&](Request& request) { request.path = path; })) << path;
  EXPECT_TRUE(refused([](Request& request) { request.port = 0; }));
  EXPECT_TRUE(refused([](Request& request) { request.addresses.clear(); }));
  EXPECT_EQ(web_.connections(), 0);
}

// Fibers that ask, each on its own.
class FibersTest : public ClientTest {
 protected:
  FibersTest() {
    executor_.Run([this] { scope_ = std::make_unique<io::Scope>(executor_); });
  }

  ~FibersTest() override { Join(); }

  static io::Task<void> Ask(Client* asked, Request request, std::vector<absl::Status>* results) {
    const auto response = co_await asked->Get(std::move(request));
    results->push_back(response.status());
  }

  void Spawn(int count) {
    Client* const asked = &client();
    for (int i = 0; i < count; ++i)
      scope_->SpawnFrom(Ask(asked, RequestFor(), &results_));
  }

  void Stop() {
    executor_.Run([this] { scope_->Stop(); });
  }

  void Join() {
    if (scope_ == nullptr) return;
    io::RunTask(executor_, JoinScope(scope_.get()));
    executor_.Run([this] { scope_.reset(); });
  }

  static io::Task<void> JoinScope(io::Scope* scope) { co_await scope->Join(); }

  int Ended(absl::StatusCode code) const {
    return static_cast<int>(std::count_if(results_.begin(), results_.end(),
                                          [code](const auto& r) { return r.code() == code; }));
  }

  std::unique_ptr<io::Scope> scope_;
  std::vector<absl::Status> results_;
};

TEST_F(FibersTest, ManyAskAtOnce) {
  options_.under_way_max = 3;
  Spawn(40);
  Join();
  EXPECT_EQ(Ended(absl::StatusCode::kOk), 40);
  EXPECT_EQ(web_.requests(), 40u);
}

TEST_F(FibersTest, MoreThanMayWaitAreRefused) {
  options_.under_way_max = 1;
  options_.waiting_max = 2;
  web_.Stalls();
  Spawn(1);
  ASSERT_TRUE(web_.WaitFor(1));
  Spawn(4);
  Stop();
  Join();
  EXPECT_EQ(Ended(absl::StatusCode::kResourceExhausted), 2);
  EXPECT_EQ(Ended(absl::StatusCode::kCancelled), 3);
}

TEST_F(FibersTest, ACancelledFiberEndsAtOnceAndFreesItsPlace) {
  options_.under_way_max = 1;
  web_.Stalls();
  Spawn(1);
  ASSERT_TRUE(web_.WaitFor(1));
  const absl::Time begun = absl::Now();
  Stop();
  Join();
  EXPECT_LT(absl::Now() - begun, absl::Seconds(5));
  EXPECT_EQ(Ended(absl::StatusCode::kCancelled), 1);
  web_.Serves("again");
  EXPECT_TRUE(Get(RequestFor()).ok());
}

TEST_F(FibersTest, TheClientMayGoWithRequestsUnderWay) {
  options_.under_way_max = 2;
  web_.Stalls();
  Spawn(5);
  ASSERT_TRUE(web_.WaitFor(2));
  const absl::Time begun = absl::Now();
  client_.reset();
  Join();
  EXPECT_LT(absl::Now() - begun, absl::Seconds(5));
  EXPECT_EQ(Ended(absl::StatusCode::kCancelled), 5);
}

TEST_F(FibersTest, AnExecutorMayGoBeforeTheClient) {
  web_.Serves(std::string(200, 'x'));
  web_.Drips(absl::Milliseconds(1));
  {
    io::Executor brief("brief");
    brief.Start();
    for (int round = 0; round < 20; ++round) {
      Request request = RequestFor();
      request.time_max = absl::Milliseconds(round * 3);
      static_cast<void>(testing::Await(brief, client().Get(std::move(request))));
    }
    brief.Stop();
  }
  web_.Serves("still there");
  EXPECT_TRUE(Get(RequestFor()).ok());
}

}  // namespace
}  // namespace postern::http
