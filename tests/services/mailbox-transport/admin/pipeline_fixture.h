// tests/services/mailbox-transport/admin/pipeline_fixture.h
//
// A real pipeline on two executors over a store in memory, with a resolver that a test tells what
// to say; and verbs to fill its queues.

#pragma once

#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

#include "common/smtp/engine_counters.h"
#include "services/mailbox-transport/pipeline/pipeline.h"
#include "tests/services/mailbox-transport/route/routing_fixture.h"
#include "tests/support/await.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/memory_store.h"

namespace postern::admin {

using testing::Soon;

class PipelineFixture : public ::testing::Test {
 protected:
  PipelineFixture() {
    for (io::Executor* executor : {&first_, &second_})
      executor->Start();
    pipeline_ = std::make_unique<pipeline::Pipeline>(
        pipeline::Pipeline::Parts{.executors = {&first_, &second_},
                                  .resolvers = {&resolver_, &resolver_},
                                  .store = store_,
                                  .disk = disk_,
                                  .clock = base::Clock::System(),
                                  .random = base::Random::System(),
                                  .registry = registry_,
                                  .dialer = dialer_,
                                  .tls = tls_,
                                  .engine_counters = engine_counters_,
                                  .settings = pipeline_settings_,
                                  .shard = {.queue = queue_settings_,
                                            .settle = settle_settings_,
                                            .deliver = deliver_settings_,
                                            .rpc = rpc_settings_,
                                            .server = "ours",
                                            .site = "here"}});
  }

  ~PipelineFixture() override {
    pipeline_->Stop(absl::ZeroDuration());
    pipeline_.reset();
    first_.Stop();
    second_.Stop();
  }

  void Directory(std::string_view connectors) {
    pipeline_->SetDirectory(route::testing::DirectoryOf(connectors));
    ASSERT_TRUE(pipeline_->Restore().ok());
  }

  base::MessageId Accept(const std::vector<std::string>& to, std::string subject = "hello") {
    auto message = std::make_shared<model::Message>();
    message->id = pipeline_->NextId();
    message->envelope.sender = "ann@a.test";
    for (const std::string& address : to) {
      mail::Recipient recipient;
      recipient.address = address;
      message->envelope.recipients.push_back(recipient);
    }
    message->recipients.resize(to.size());
    message->subject = std::move(subject);
    message->body = std::make_shared<const std::string>("Subject: hello\r\n\r\nhello\r\n");
    message->size = message->body->size();
    message->chunks = 1;
    message->header_bytes = 18;
    pipeline_->Accept(message, [](const absl::StatusOr<model::Receipt>& receipt) {
      EXPECT_TRUE(receipt.ok()) << receipt.status();
    });
    return message->id;
  }

  io::Executor first_{"first"};
  io::Executor second_{"second"};
  io::DiskPool disk_{2};
  testing::MemoryStore store_;
  testing::FakeResolver resolver_;
  observe::Registry registry_;
  smtp::EngineCounters engine_counters_;
  io::TcpDialer dialer_;
  tls::ClientContext tls_;
  pipeline::PipelineSettings pipeline_settings_;
  queue::QueueSettings queue_settings_;
  settle::SettleSettings settle_settings_;
  deliver::DeliverSettings deliver_settings_;
  rpc::RpcSettings rpc_settings_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
};

}  // namespace postern::admin
