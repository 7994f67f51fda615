// tests/services/mailbox-transport/deliver/loopback_front_end.h
//
// A front end on loopback that grants four slots to each stream, and says what the test tells it.
//
// Lifetime  Its destruction waits until gRPC has told of the end of each stream.

#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/rpc/proxy_server.h"
#include "tests/services/mailbox-transport/deliver/scripted_front_end.h"

namespace postern::deliver {

class LoopbackFrontEnd {
 public:
  explicit LoopbackFrontEnd(io::Executor& executor, std::string listens = "127.0.0.1:0")
      : executor_(executor) {
    settings_.insecure_plaintext.value = true;
    authority_ = *rpc::Authority::Make(settings_);
    proxy_ = std::make_unique<rpc::ProxyServer>(*authority_, "", [this](const rpc::Identity&) {
      rpc::ProxyServer::Caller caller;
      caller.executor = &executor_;
      caller.open = [this](std::shared_ptr<rpc::ToMailbox> stream) {
        streams.push_back(std::make_unique<ScriptedFrontEnd>());
        streams.back()->Uses(std::move(stream));
        streams.back()->answers_at_once = answers;
        streams.back()->fails_at_once = fails;
        streams.back()->Credit(4);
        return streams.back().get();
      };
      return caller;
    });
    rpc::Server::Options options;
    options.address = std::move(listens);
    server_ = *rpc::Server::Start(settings_, options, {proxy_->service()});
  }

  // gRPC tells of the end of a stream on a thread of its own; until then it is told to.
  ~LoopbackFrontEnd() {
    server_.reset();
    bool closed = false;
    for (int i = 0; i < 5000 && !closed; ++i) {
      if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      executor_.Run([&] {
        closed = std::all_of(streams.begin(), streams.end(),
                             [](const auto& stream) { return stream->closed; });
      });
    }
    EXPECT_TRUE(closed);
  }

  int port() const { return server_->port(); }

  std::string address() const { return base::Cat("127.0.0.1:", port()); }

  std::vector<std::unique_ptr<ScriptedFrontEnd>> streams;
  int answers = 250;
  bool fails = false;

 private:
  io::Executor& executor_;
  rpc::RpcSettings settings_;
  std::unique_ptr<rpc::Authority> authority_;
  std::unique_ptr<rpc::ProxyServer> proxy_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace postern::deliver
