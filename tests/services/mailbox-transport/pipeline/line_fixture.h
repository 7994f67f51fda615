// tests/services/mailbox-transport/pipeline/line_fixture.h
//
// The straight line from Accept to the peers, over a store in memory; and verbs to tell it with.
//
// Flow      Domain("b.test", "192.0.2.1"); Run("Internet *"); Accept({"bob@b.test"}); Taken(...).
// Limits    With several executors each has peers of its own, with the same script; Taken sums up.

#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/smtp/engine_counters.h"
#include "services/mailbox-transport/pipeline/pipeline.h"
#include "tests/services/mailbox-transport/route/routing_fixture.h"
#include "tests/support/await.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/memory_store.h"
#include "tests/support/scripted_peer.h"

namespace postern::pipeline {

using testing::Soon;

class LineFixture : public ::testing::Test {
 protected:
  LineFixture() {
    queue_settings_.message_retry_interval.value = absl::Milliseconds(20);
    queue_settings_.queue_glitch_retry_interval.value = absl::Milliseconds(20);
    Domain("a.test", "192.0.2.200");  // the senders'
  }

  ~LineFixture() override {
    Stop(absl::ZeroDuration());
    for (const auto& io_thread : io_threads_) {
      io_thread->executor.Run([&] { io_thread->scope.Stop(); });
      io::RunTask(io_thread->executor, io_thread->scope.Join());
      io_thread->executor.Stop();
    }
  }

  void Domain(const std::string& domain, const std::string& address) {
    resolver_.A(domain, address);
    addresses_.push_back(address);
  }

  // Every peer at `address` gets this script.
  void Script(const std::string& address, std::function<void(testing::ScriptedPeer&)> script) {
    for (const auto& io_thread : io_threads_)
      io_thread->executor.Run([&] { script(*io_thread->peers.at(address)); });
  }

  void Executors(int count) {
    for (int i = 0; i < count; ++i) {
      io_threads_.push_back(std::make_unique<IoThread>());
      IoThread& io_thread = *io_threads_.back();
      for (const std::string& address : addresses_) {
        io_thread.peers[address] = std::make_unique<testing::ScriptedPeer>();
        io_thread.dialer.Knows(address + ":25", *io_thread.peers[address]);
      }
      io_thread.executor.Start();
      dialer_.by_executor[&io_thread.executor] = &io_thread.dialer;
    }
  }

  // Starts with these connectors, each as "name spaces [size=1KB] [off]", parted by "|".
  void Run(std::string_view connectors, std::string_view map = "") {
    if (io_threads_.empty()) Executors(1);
    Pipeline::Parts parts{.executors = {},
                          .resolvers = {},
                          .store = store_,
                          .disk = disk_,
                          .clock = base::Clock::System(),
                          .random = base::Random::System(),
                          .registry = registry_,
                          .dialer = dialer_,
                          .tls = SharedTls(),
                          .engine_counters = engine_counters_,
                          .settings = pipeline_settings_,
                          .shard = {.queue = queue_settings_,
                                    .settle = settle_settings_,
                                    .deliver = deliver_settings_,
                                    .rpc = rpc_settings_,
                                    .server = "ours",
                                    .site = "here"}};
    for (const auto& io_thread : io_threads_) {
      parts.executors.push_back(&io_thread->executor);
      parts.resolvers.push_back(&resolver_);
    }
    pipeline_ = std::make_unique<Pipeline>(parts);
    Directory(connectors, map);
    ASSERT_TRUE(pipeline_->Restore().ok());
  }

  // Sites as route::testing::DirectoryOf has them; relays reach nobody here.
  void Directory(std::string_view connectors, std::string_view map = "") {
    pipeline_->SetDirectory(route::testing::DirectoryOf(connectors, map));
  }

  void Stop(absl::Duration grace) {
    if (pipeline_ == nullptr) return;
    pipeline_->Stop(grace);
    pipeline_.reset();
  }

  model::MessagePtr Message(const std::vector<std::string>& to, std::size_t bytes = 100) {
    auto message = std::make_shared<model::Message>();
    message->id = store_.NextId();
    message->envelope.sender = "ann@a.test";
    for (const std::string& address : to) {
      mail::Recipient recipient;
      recipient.address = address;
      message->envelope.recipients.push_back(recipient);
    }
    std::string content = "Subject: hello\r\n\r\n";
    message->header_bytes = static_cast<std::uint32_t>(content.size()) - 2;
    content.append(bytes, 'x').append("\r\n");
    message->size = content.size();
    message->body = std::make_shared<const std::string>(std::move(content));
    return message;
  }

  // The receipt's id, "repeated" before it, or the status; "" while there is none.
  std::shared_ptr<std::string> Accept(model::MessagePtr message) {
    auto answer = std::make_shared<std::string>();
    pipeline_->Accept(std::move(message), [answer](const absl::StatusOr<model::Receipt>& receipt) {
      *answer = receipt.ok()
                    ? base::Cat(receipt->repeated ? "repeated " : "", receipt->id.ToString())
                    : receipt.status().ToString();
    });
    return answer;
  }

  std::shared_ptr<std::string> Accept(const std::vector<std::string>& to, std::size_t bytes = 100) {
    return Accept(Message(to, bytes));
  }

  model::MessagePtr Keyed(const std::string& key, const std::string& hash) {
    model::MessagePtr message = Message({"bob@b.test"});
    message->identity = "app";
    message->idempotency_key = key;
    message->content_hash = hash;
    return message;
  }

  std::vector<testing::TakenMail> MailsOf(const std::string& address) {
    std::vector<testing::TakenMail> all;
    for (const auto& io_thread : io_threads_) {
      io_thread->executor.Run([&] {
        const auto& mails = io_thread->peers.at(address)->mails();
        all.insert(all.end(), mails.begin(), mails.end());
      });
    }
    return all;
  }

  int Heard(const std::string& address, const std::string& verb) {
    int heard = 0;
    Script(address, [&](testing::ScriptedPeer& peer) { heard += peer.Heard(verb); });
    return heard;
  }

  // Waits until the peers at `address` took so many messages.
  bool Taken(const std::string& address, std::size_t count = 1) {
    return Soon([&] { return MailsOf(address).size() >= count; }) &&
           MailsOf(address).size() == count;
  }

  // Waits until nothing is left in the store.
  bool Settled() {
    return Soon([this] { return store_.messages() == 0; });
  }

  // Messages in the queue of this next hop, over all shards.
  std::size_t Waiting(const model::NextHop& hop) {
    std::size_t count = 0;
    for (const auto& shard : pipeline_->shards()) {
      shard->executor().Run([&] { count += shard->queue().Tickets(hop, 1000).size(); });
    }
    return count;
  }

  static model::NextHop RelayTo(const std::string& connector) {
    return {model::DeliveryType::kSmtpRelayToConnectorSourceServers, connector, connector};
  }

  static model::NextHop Hub(const std::string& site) {
    return {model::DeliveryType::kSmtpRelayToRemoteActiveDirectorySite, site, ""};
  }

  static model::NextHop Unreachable() {
    model::NextHop hop;
    hop.type = model::DeliveryType::kUnreachable;
    return hop;
  }

  testing::MemoryStore store_;
  testing::FakeResolver resolver_;
  PipelineSettings pipeline_settings_;
  queue::QueueSettings queue_settings_;
  deliver::DeliverSettings deliver_settings_;
  std::unique_ptr<Pipeline> pipeline_;

 private:
  struct IoThread {
    io::Executor executor{"line"};
    io::Scope scope{executor};
    testing::ScriptedDialer dialer{scope};
    std::map<std::string, std::unique_ptr<testing::ScriptedPeer>> peers;
  };

  // Each executor dials its own peers.
  class DialerByExecutor final : public io::Dialer {
   public:
    io::Task<absl::StatusOr<std::unique_ptr<io::Stream>>> Dial(io::Endpoint remote,
                                                               std::optional<io::IpAddress> source,
                                                               absl::Duration timeout) override {
      return by_executor.at(io::Executor::Current())->Dial(remote, source, timeout);
    }

    std::map<io::Executor*, testing::ScriptedDialer*> by_executor;
  };

  static const tls::ClientContext& SharedTls() {
    static const tls::ClientContext shared;
    return shared;
  }

  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<IoThread>> io_threads_;
  DialerByExecutor dialer_;
  io::DiskPool disk_{2};
  observe::Registry registry_;
  smtp::EngineCounters engine_counters_;
  settle::SettleSettings settle_settings_;
  rpc::RpcSettings rpc_settings_;
};

}  // namespace postern::pipeline
