// Against the openssl program, over TCP on loopback.

#include <array>
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/io/listener.h"
#include "tests/common/tls/tls_test.h"

namespace postern::tls {
namespace {

using ::testing::HasSubstr;

io::Task<void> GreetOne(io::Listener* listener,
                        const ServerContext* context,
                        absl::StatusOr<Session>* session) {
  auto stream = co_await listener->Accept();
  if (!stream.ok()) co_return;
  (*stream)->SetDeadline(absl::Seconds(10));
  *session = co_await context->Start(std::move(*stream));
  if (!session->ok()) co_return;
  io::Stream* const secure = (*session)->stream.get();
  const absl::Status written = co_await secure->Write("220 mx.a.test ESMTP\r\n");
  EXPECT_TRUE(written.ok()) << written;
  (co_await ReadText(secure, 1000)).clear();
  secure->Close();
}

class OpensslInteropTest : public TlsTest {
 protected:
  void SetUp() override {
    Serve(testing::ForHost("mx.a.test"));
    executor_.Run([this] {
      const io::Endpoint any{*io::IpAddress::Parse("127.0.0.1"), 0};
      auto opened = io::Listener::Open(executor_, any);
      ASSERT_TRUE(opened.ok()) << opened.status();
      listener_ = std::move(*opened);
      scope_ = std::make_unique<io::Scope>(executor_);
      scope_->Spawn(GreetOne(listener_.get(), &server_context_, &server_));
    });
  }

  void TearDown() override {
    io::RunTask(executor_, Finish(scope_.get(), listener_.get()));
    Drop();
    executor_.Run([this] {
      scope_.reset();
      listener_.reset();
    });
  }

  static io::Task<void> Finish(io::Scope* scope, io::Listener* listener) {
    listener->Close();
    scope->Stop();
    co_await scope->Join();
  }

  // What the openssl client prints.
  std::string Client(const std::string& options) {
    const std::string command = base::Cat("echo QUIT | timeout 10 openssl s_client -connect ",
                                          listener_->endpoint().ToString(), " -CAfile ",
                                          ca_.ca_file(), " ", options, " 2>&1");
    std::FILE* const program = popen(command.c_str(), "r");
    std::string out;
    std::array<char, 4096> block;
    while (const std::size_t bytes = std::fread(block.data(), 1, block.size(), program)) {
      out.append(block.data(), bytes);
    }
    pclose(program);
    return out;
  }

  std::unique_ptr<io::Listener> listener_;
  std::unique_ptr<io::Scope> scope_;
};

TEST_F(OpensslInteropTest, ClientOfTls13VerifiesUs) {
  const std::string out = Client("-tls1_3 -verify_hostname mx.a.test -verify_return_error");
  EXPECT_THAT(out, HasSubstr("Verification: OK"));
  EXPECT_THAT(out, HasSubstr("TLSv1.3"));
}

TEST_F(OpensslInteropTest, ClientOfTls12GetsForwardSecrecy) {
  const std::string out = Client("-tls1_2");
  EXPECT_THAT(out, HasSubstr("Verification: OK"));
  EXPECT_THAT(out, HasSubstr("Cipher is ECDHE-"));
}

TEST_F(OpensslInteropTest, ClientOfTls11IsRefused) {
  const std::string out = Client("-tls1_1 -cipher ALL:@SECLEVEL=0");
  EXPECT_THAT(out, HasSubstr("alert protocol version"));
}

}  // namespace
}  // namespace postern::tls
