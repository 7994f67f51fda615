// tests/support/engine_fixture.h
//
// An smtp::Engine with scripted peers in memory, and the verbs to tell a delivery with.
//
// Flow      Peer("192.0.2.1").Keywords({"DSN"});  To("bob@example.test");  Deliver();  EXPECT...

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/smtp/engine.h"
#include "common/smtp/engine_counters.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/scripted_peer.h"
#include "tests/support/string_body.h"

namespace postern::testing {

class EngineFixture : public ::testing::Test {
 protected:
  EngineFixture() : executor_("test"), scope_(executor_), dialer_(scope_) {
    executor_.Start();
    delivery_.route.domain = "example.test";
    delivery_.policy.connector = "Internet";
    delivery_.envelope.sender = "ann@a.test";
    Content("Subject: x\r\n\r\nhello\r\n");
  }

  ~EngineFixture() override {
    executor_.Run([this] {
      if (engine_ != nullptr) engine_->Stop();
      scope_.Stop();
    });
    if (engine_ != nullptr) io::RunTask(executor_, engine_->Join());
    io::RunTask(executor_, scope_.Join());
    executor_.Run([this] { engine_.reset(); });
    executor_.Stop();
  }

  // The peer at this address; the first one mentioned is the best MX.
  ScriptedPeer& Peer(const std::string& address) {
    std::unique_ptr<ScriptedPeer>& peer = peers_[address];
    if (peer == nullptr) {
      peer = std::make_unique<ScriptedPeer>();
      const std::string host = "mx" + std::to_string(peers_.size()) + ".test";
      dns::MxRecord record;
      record.preference = static_cast<std::uint16_t>(peers_.size());
      record.host = host;
      mx_.push_back(record);
      resolver_.A(host, address);
      resolver_.Mx("example.test", mx_);
      dialer_.Knows(address + ":25", *peer);
    }
    return *peer;
  }

  // A peer at "192.0.2.1:25", with no name in the DNS.
  ScriptedPeer& PeerAt(const std::string& endpoint) {
    std::unique_ptr<ScriptedPeer>& peer = peers_[endpoint];
    if (peer == nullptr) peer = std::make_unique<ScriptedPeer>();
    dialer_.Knows(endpoint, *peer);
    return *peer;
  }

  void To(const std::string& address, std::uint8_t notify = 0) {
    mail::Recipient recipient;
    recipient.address = address;
    recipient.notify = notify;
    delivery_.envelope.recipients.push_back(recipient);
  }

  void Content(std::string content) {
    content_ = std::make_shared<const std::string>(std::move(content));
    delivery_.size = content_->size();
  }

  const smtp::Outcome& Deliver() {
    StringBody body(content_);
    return Deliver(body);
  }

  const smtp::Outcome& Deliver(smtp::BodySource& body) {
    if (delivery_.envelope.recipients.empty()) To("bob@example.test");
    if (engine_ == nullptr) MakeEngine();
    io::RunTask(executor_, Attempt(body));
    return outcome_;
  }

  // "250", "450", or the origin and the enhanced code: "connect 4.4.1".
  std::string ResultOf(std::size_t recipient) const {
    const smtp::RecipientResult& result = outcome_.recipients.at(recipient);
    if (result.reply.has_value()) return std::to_string(result.reply->code);
    std::string shown(smtp::NameOf(result.origin));
    if (result.enhanced.klass != 0) shown += " " + result.enhanced.ToString();
    return shown;
  }

  // Why a recipient has no reply.
  std::string ErrorOf(std::size_t recipient = 0) const {
    return std::string(outcome_.recipients.at(recipient).error.message());
  }

  std::vector<std::string> Results() const {
    std::vector<std::string> results;
    for (std::size_t i = 0; i < outcome_.recipients.size(); ++i)
      results.push_back(ResultOf(i));
    return results;
  }

  void MakeEngine() {
    smtp::Engine::Parts parts{executor_, dialer_, resolver_,          *tls_, host_name_, limits_,
                              nullptr,   stores_, &external_resolver_};
    executor_.Run([&] { engine_ = std::make_unique<smtp::Engine>(std::move(parts)); });
  }

  const smtp::EngineCounters& counters() const { return engine_->counters(); }

  io::Executor executor_;
  io::Scope scope_;
  ScriptedDialer dialer_;
  FakeResolver resolver_;
  smtp::Limits limits_;
  std::string host_name_ = "client.test";
  smtp::Delivery delivery_;
  std::shared_ptr<const std::string> content_;
  smtp::Outcome outcome_;
  std::unique_ptr<smtp::Engine> engine_;
  std::map<std::string, std::unique_ptr<ScriptedPeer>> peers_;
  const tls::ClientContext* tls_ = &SharedTls();
  smtp::EngineStores stores_;
  FakeResolver external_resolver_;

 private:
  // To read the system's trust store takes longer than any of these tests.
  static const tls::ClientContext& SharedTls() {
    static const tls::ClientContext shared;
    return shared;
  }

  io::Task<void> Attempt(smtp::BodySource& body) {
    outcome_ = co_await engine_->Attempt(delivery_, body);
  }

  std::vector<dns::MxRecord> mx_;
};

}  // namespace postern::testing
