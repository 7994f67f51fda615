#include "common/rpc/relay_client.h"

#include <atomic>
#include <future>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/io/scope.h"
#include "common/rpc/server.h"
#include "postern/v1/relay.grpc.pb.h"
#include "tests/support/certificates.h"

namespace postern::rpc {
namespace {

using ::testing::HasSubstr;

// Takes a message and answers as it is told.
class ScriptedRelay final : public v1::Relay::Service {
 public:
  grpc::Status Relay(grpc::ServerContext* call,
                     grpc::ServerReader<v1::RelayRequest>* reader,
                     v1::RelayReceipt* receipt) override {
    v1::RelayRequest frame;
    while ((reads < 0 || frames < reads) && reader->Read(&frame)) {
      if (frame.has_message()) sender = frame.message().sender();
      content += frame.content();
      ++frames;
    }
    arrived.set_value();
    if (stalls) {
      while (!call->IsCancelled())
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (marks) call->AddTrailingMetadata(kRelayAnswered, "1");
    receipt->set_message_id("7");
    receipt->set_server("mbx-1");
    return answer;
  }

  grpc::Status answer;
  bool marks = false;
  bool stalls = false;
  int reads = -1;
  std::atomic<int> frames{0};
  std::string sender;
  std::string content;
  std::promise<void> arrived;
};

class RelayClientTest : public ::testing::Test {
 protected:
  RelayClientTest() {
    executor_.Start();
    executor_.Run([this] { scope_ = std::make_unique<io::Scope>(executor_); });
    Serve("here/mailbox-transport");
  }

  ~RelayClientTest() override {
    executor_.Run([this] { scope_->Stop(); });
    io::RunTask(executor_, scope_->Join());
    executor_.Run([this] { scope_.reset(); });
    client_.reset();
    server_.reset();
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
    server_ = *Server::Start(SettingsOf(as), options, {&relay_});
    Connect(base::Cat("127.0.0.1:", server_->port()));
  }

  void Connect(const std::string& address) {
    client_ = *RelayClient::Make(SettingsOf("there/mailbox-transport"), address, absl::Seconds(2));
  }

  struct Sending {
    static io::Task<void> Run(RelayClient* client,
                              io::Executor* executor,
                              std::vector<v1::RelayRequest> frames,
                              bool ends,
                              absl::Duration within,
                              std::promise<RelayAnswer>* done) {
      const auto call = client->Begin(*executor, within);
      for (std::size_t i = 0; i < frames.size(); ++i) {
        const bool last = ends && i + 1 == frames.size();
        const bool went = co_await call->Send(std::move(frames[i]), last);
        if (!went) break;
      }
      RelayAnswer answer = co_await call->Finish();
      done->set_value(std::move(answer));
    }
  };

  static std::vector<v1::RelayRequest> Frames(std::vector<std::string> pieces) {
    std::vector<v1::RelayRequest> frames;
    for (std::string& piece : pieces)
      frames.emplace_back().set_content(std::move(piece));
    frames.front().mutable_message()->set_sender("ann@a.test");
    return frames;
  }

  std::future<RelayAnswer> Begin(std::vector<v1::RelayRequest> frames,
                                 bool ends = true,
                                 absl::Duration within = absl::Seconds(20)) {
    done_ = std::promise<RelayAnswer>();
    scope_->SpawnFrom(
        Sending::Run(client_.get(), &executor_, std::move(frames), ends, within, &done_));
    return done_.get_future();
  }

  RelayAnswer Relay(std::vector<std::string> pieces) { return Begin(Frames(pieces)).get(); }

  testing::CertificateAuthority certificates_;
  io::Executor executor_{"relay"};
  std::unique_ptr<io::Scope> scope_;
  ScriptedRelay relay_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<RelayClient> client_;
  std::promise<RelayAnswer> done_;
};

TEST_F(RelayClientTest, AMessageOfOnePieceIsTaken) {
  const RelayAnswer answer = Relay({"hello"});
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.receipt.message_id(), "7");
  EXPECT_TRUE(answer.handed_over);
  EXPECT_EQ(relay_.sender, "ann@a.test");
  EXPECT_EQ(relay_.content, "hello");
}

TEST_F(RelayClientTest, PiecesArriveInOrder) {
  std::vector<std::string> pieces;
  std::string all;
  for (char c = 'a'; c <= 'z'; ++c) {
    pieces.push_back(std::string(100'000, c));
    all += pieces.back();
  }
  EXPECT_TRUE(Relay(pieces).status.ok());
  EXPECT_TRUE(relay_.content == all);
  EXPECT_EQ(relay_.frames, 26);
}

TEST_F(RelayClientTest, TheServersOwnAnswerIsTold) {
  relay_.answer = {grpc::StatusCode::RESOURCE_EXHAUSTED, "452 4.3.1 full"};
  relay_.marks = true;
  const RelayAnswer full = Relay({"hello"});
  EXPECT_EQ(full.status, absl::ResourceExhaustedError("452 4.3.1 full"));
  EXPECT_TRUE(full.answered);
  relay_.marks = false;
  relay_.arrived = std::promise<void>();
  EXPECT_FALSE(Relay({"hello"}).answered);
}

TEST_F(RelayClientTest, AnAnswerInTheMiddleEndsTheSending) {
  relay_.answer = {grpc::StatusCode::INVALID_ARGUMENT, "550 5.6.0 no"};
  relay_.marks = true;
  relay_.reads = 1;
  std::vector<std::string> pieces(200, std::string(200'000, 'x'));
  const RelayAnswer answer = Relay(pieces);
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(answer.answered);
  EXPECT_TRUE(answer.begun);
  EXPECT_FALSE(answer.handed_over);
}

TEST_F(RelayClientTest, NobodyThereIsSaidAtOnceAndNothingWasHandedOver) {
  server_.reset();
  const RelayAnswer answer = Relay({"hello"});
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnavailable) << answer.status;
  EXPECT_FALSE(answer.handed_over);
  EXPECT_FALSE(answer.begun);
}

TEST_F(RelayClientTest, AnotherServiceIsNotTrusted) {
  Serve("here/frontend-transport");
  const RelayAnswer answer = Relay({"hello"});
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnavailable) << answer.status;
  EXPECT_FALSE(answer.handed_over);
  EXPECT_EQ(relay_.frames, 0);
}

TEST_F(RelayClientTest, ASilentServerIsLeftAtTheDeadlineWithItAll) {
  relay_.stalls = true;
  const RelayAnswer answer = Begin(Frames({"hello"}), true, absl::Milliseconds(300)).get();
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(answer.handed_over);
  EXPECT_FALSE(answer.answered);
}

TEST_F(RelayClientTest, AStopEndsTheCall) {
  relay_.stalls = true;
  auto answer = Begin(Frames({"hello"}));
  relay_.arrived.get_future().wait();
  executor_.Run([this] { scope_->Stop(); });
  const RelayAnswer stopped = answer.get();
  EXPECT_EQ(stopped.status.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(stopped.handed_over);
}

TEST_F(RelayClientTest, WithoutItsLastPieceTheCallIsEnded) {
  const RelayAnswer answer = Begin(Frames({"half of it"}), /*ends=*/false).get();
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(answer.handed_over);
}

TEST_F(RelayClientTest, PlainTextIsForLoopbackOnly) {
  RpcSettings plain;
  plain.insecure_plaintext.value = true;
  const auto client = RelayClient::Make(plain, "192.0.2.1:7172", absl::Seconds(1));
  EXPECT_THAT(std::string(client.status().message()), HasSubstr("loopback"));
}

}  // namespace
}  // namespace postern::rpc
