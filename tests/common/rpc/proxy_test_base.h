// tests/common/rpc/proxy_test_base.h
//
// A proxy server and a client over loopback with mTLS between them.

#pragma once

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/rpc/proxy_client.h"
#include "common/rpc/proxy_server.h"
#include "tests/common/rpc/frame_handlers.h"
#include "tests/support/certificates.h"

namespace postern::rpc {

class ProxyTestBase : public ::testing::Test {
 protected:
  ProxyTestBase() {
    executor_.Start();
    authority_ = *Authority::Make(SettingsOf("here/frontend-transport"));
    proxy_ = std::make_unique<ProxyServer>(*authority_, "here", [this](const Identity& caller) {
      caller_ = caller.name;
      return ProxyServer::Caller{&executor_, [this](std::shared_ptr<ToMailbox> stream) {
                                   to_mailbox_ = std::move(stream);
                                   return &front_end_;
                                 }};
    });
    Serve("here/frontend-transport");
  }

  ~ProxyTestBase() override {
    stream_.reset();
    server_.reset();
    // gRPC tells of the end on a thread of its own, and the executor must still be there.
    EXPECT_TRUE(Soon([this] { return mailbox_.closed() >= opened_; }));
    executor_.Run([this] { to_mailbox_.reset(); });
    proxy_.reset();
    executor_.Stop();
  }

  RpcSettings SettingsOf(const std::string& who) {
    const auto files =
        certificates_.Issue(testing::ForService(base::Cat("spiffe://postern.local/", who)));
    RpcSettings settings;
    settings.certificate_file.value = files.certificate_file;
    settings.key_file.value = files.key_file;
    settings.ca_file.value = certificates_.ca_file();
    return settings;
  }

  void Serve(const std::string& as) {
    server_.reset();
    Server::Options options;
    options.address = "127.0.0.1:0";
    server_ = *Server::Start(SettingsOf(as), options, {proxy_->service()});
  }

  void OpenAs(const std::string& who) {
    client_ = *ProxyClient::Make(SettingsOf(who), base::Cat("127.0.0.1:", server_->port()), "here");
    executor_.Run([this] { stream_ = client_->Open(executor_, mailbox_); });
    ++opened_;
  }

  void Offer(std::uint64_t delivery) {
    executor_.Run([&] { stream_->Send(OfferOf(delivery)); });
  }

  bool Arrived() {
    return Soon([this] { return Offers(front_end_) > 0; });
  }

  io::Executor executor_{"proxy"};
  testing::CertificateAuthority certificates_;
  std::unique_ptr<Authority> authority_;
  std::string caller_;
  MailboxSide mailbox_;
  FrontEndSide front_end_;
  std::shared_ptr<ToMailbox> to_mailbox_;
  std::unique_ptr<ProxyServer> proxy_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<ProxyClient> client_;
  std::shared_ptr<ToFrontEnd> stream_;
  int opened_ = 0;
};

}  // namespace postern::rpc
