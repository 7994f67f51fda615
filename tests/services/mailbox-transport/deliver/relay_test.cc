#include "services/mailbox-transport/deliver/relay.h"

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/io/scope.h"
#include "common/rpc/server.h"
#include "postern/v1/relay.grpc.pb.h"
#include "tests/support/await.h"
#include "tests/support/string_body.h"

namespace postern::deliver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

model::RelayServer ServerAt(std::string name, std::string address = "", bool source = true) {
  return {std::move(name), "there", std::move(address), source};
}

struct AnswerRow {
  const char* fact;
  absl::Status status;
  bool answered;
  bool begun;
  bool handed_over;
  const char* result;  // "next", "ambiguous", or the reply
};

TEST(RelayAnswerTest, WhatEachAnswerMeans) {
  using absl::StatusCode;
  const auto error = [](StatusCode code, std::string_view text = "text") {
    return base::Error(code, text);
  };
  const std::vector<AnswerRow> rows = {
      {"a receipt", absl::OkStatus(), false, true, true, "250 2.0.0 7 taken by mbx-1"},
      {"no room", error(StatusCode::kResourceExhausted, "452 4.3.1 full"), true, true, true,
       "next"},
      {"stopping", error(StatusCode::kUnavailable, "421 4.3.2 stopping"), true, true, true, "next"},
      {"silent for it", error(StatusCode::kDeadlineExceeded), true, true, true, "next"},
      {"not set up for us", error(StatusCode::kPermissionDenied), true, true, true, "next"},
      {"too many hops", error(StatusCode::kFailedPrecondition, "554 5.4.6 loop"), true, true, true,
       "554 5.4.6 loop"},
      {"bad content", error(StatusCode::kInvalidArgument, "554 5.6.0 bare LF"), true, true, true,
       "554 5.6.0 bare LF"},
      {"too large", error(StatusCode::kOutOfRange, "552 5.3.4 size"), true, true, false,
       "552 5.3.4 size"},
      {"in other words", error(StatusCode::kInvalidArgument, "no"), true, true, true, "550 no"},
      {"nobody there", error(StatusCode::kUnavailable), false, false, false, "next"},
      {"lost in the middle", error(StatusCode::kUnavailable), false, true, false, "next"},
      {"lost after all of it", error(StatusCode::kUnavailable), false, true, true, "ambiguous"},
      {"no answer in time", error(StatusCode::kDeadlineExceeded), false, true, true, "ambiguous"},
      {"no room, says the connection", error(StatusCode::kResourceExhausted), false, true, true,
       "ambiguous"},
      {"no such service there", error(StatusCode::kUnimplemented), false, true, true, "next"},
      {"not trusted there", error(StatusCode::kUnauthenticated), false, true, true, "next"},
      {"a stop before the end", absl::CancelledError(), false, true, false, "stop"},
      {"a stop after it", absl::CancelledError(), false, true, true, "ambiguous"},
  };
  for (const AnswerRow& row : rows) {
    rpc::RelayAnswer answer;
    answer.status = row.status;
    answer.answered = row.answered;
    answer.begun = row.begun;
    answer.handed_over = row.handed_over;
    answer.receipt.set_message_id("7");
    answer.receipt.set_server("mbx-1");
    smtp::Outcome outcome;
    outcome.recipients.resize(2);
    const bool done = NoteAnswer(ServerAt("mbx-1", "mbx-1:7172"), answer, outcome);
    const smtp::RecipientResult& result = outcome.recipients.back();
    std::string shown = done ? "stop" : "next";
    if (result.reply) shown = result.reply->ToString();
    if (outcome.ambiguous) shown = "ambiguous";
    EXPECT_EQ(shown, row.result) << row.fact;
    EXPECT_EQ(done, shown != "next") << row.fact;
    EXPECT_EQ(outcome.recipients[0].reply, result.reply) << row.fact;
    ASSERT_EQ(outcome.hosts.size(), 1u);
    EXPECT_EQ(outcome.hosts[0].host, "mbx-1");
    EXPECT_EQ(outcome.body_ended, outcome.ambiguous || row.status.ok()) << row.fact;
  }
}

// A server of ours that answers as it is told.
class ScriptedServer final : public v1::Relay::Service {
 public:
  ScriptedServer() {
    settings_.insecure_plaintext.value = true;
    rpc::Server::Options options;
    options.address = "127.0.0.1:0";
    server_ = *rpc::Server::Start(settings_, options, {this});
  }

  std::string address() const { return base::Cat("127.0.0.1:", server_->port()); }

  void Goes() { server_.reset(); }

  grpc::Status Relay(grpc::ServerContext* call,
                     grpc::ServerReader<v1::RelayRequest>* reader,
                     v1::RelayReceipt* receipt) override {
    v1::RelayRequest frame;
    std::string content;
    while (reader->Read(&frame)) {
      if (frame.has_message()) message = frame.message();
      largest_piece = std::max(largest_piece, frame.content().size());
      content += frame.content();
      ++pieces;
    }
    if (!answer.ok()) {
      call->AddTrailingMetadata(rpc::kRelayAnswered, "1");
      return answer;
    }
    if (silent) {
      while (!call->IsCancelled())
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      return {grpc::StatusCode::CANCELLED, ""};
    }
    contents.push_back(std::move(content));
    receipt->set_message_id("7");
    receipt->set_server("scripted");
    return grpc::Status::OK;
  }

  grpc::Status answer;
  bool silent = false;
  v1::RelayedMessage message;
  std::vector<std::string> contents;
  std::size_t largest_piece = 0;
  int pieces = 0;

 private:
  rpc::RpcSettings settings_;
  std::unique_ptr<rpc::Server> server_;
};

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() {
    executor_.Start();
    rpc_.insecure_plaintext.value = true;
    settings_.relay_connect_timeout.value = absl::Milliseconds(500);
    batch_.message = std::make_shared<model::Message>();
    batch_.message->id = base::MessageId{42};
    batch_.message->envelope.sender = "ann@a.test";
    batch_.message->envelope.recipients = {{"bob@b.test"}, {"eve@b.test"}};
    batch_.message->recipients.resize(2);
    batch_.recipients = {0, 1};
    Content("Subject: x\r\n\r\nhello\r\n");
  }

  ~RelayTest() override {
    executor_.Run([this] { relay_.reset(); });
    executor_.Stop();
  }

  void Content(std::string content) {
    body_ = std::make_unique<testing::StringBody>(
        std::make_shared<const std::string>(std::move(content)));
    batch_.message->size = body_->size();
  }

  smtp::Outcome Attempt(const model::RelayPlan& plan) {
    if (relay_ == nullptr) {
      executor_.Run([this] {
        relay_ = std::make_unique<Relay>(Relay::Parts{executor_, rpc_, settings_, "mbx-0", "db"});
      });
    }
    return testing::Await(executor_, relay_->Attempt(batch_, plan, *body_));
  }

  // One group of one server for each.
  smtp::Outcome AttemptInTurn(std::vector<ScriptedServer*> servers) {
    model::RelayPlan plan;
    for (const ScriptedServer* server : servers) {
      plan.groups.push_back({ServerAt(base::Cat("s", plan.groups.size()), server->address())});
    }
    return Attempt(plan);
  }

  io::Executor executor_{"deliver"};
  rpc::RpcSettings rpc_;
  DeliverSettings settings_;
  model::Batch batch_;
  std::unique_ptr<testing::StringBody> body_;
  std::unique_ptr<Relay> relay_;
};

TEST(RelayAnswerTest, HandedOverIsAllOfThemWithAReceipt) {
  smtp::Outcome outcome;
  outcome.recipients.resize(2);
  EXPECT_EQ(HandedOver(outcome).message(), "nothing was tried") << "and that is not taken";
  for (smtp::RecipientResult& one : outcome.recipients)
    one.reply = mail::Reply{250, {"2.0.0 taken"}};
  EXPECT_TRUE(HandedOver(outcome).ok());
  outcome.recipients[1].reply = mail::Reply{554, {"5.4.6 loop"}};
  EXPECT_EQ(HandedOver(outcome).message(), "554 5.4.6 loop");
  outcome.recipients[1].reply.reset();
  outcome.recipients[1].error = absl::UnavailableError("relay to mbx-1: gone");
  EXPECT_EQ(HandedOver(outcome).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(HandedOver(outcome).message(), "relay to mbx-1: gone");
}

TEST_F(RelayTest, TheReceiptDeliversEveryRecipient) {
  ScriptedServer server;
  const smtp::Outcome outcome = AttemptInTurn({&server});
  ASSERT_EQ(outcome.recipients.size(), 2u);
  for (const smtp::RecipientResult& result : outcome.recipients) {
    EXPECT_TRUE(result.delivered());
    EXPECT_EQ(result.host, "s0");
  }
  EXPECT_THAT(server.contents, ElementsAre("Subject: x\r\n\r\nhello\r\n"));
  EXPECT_EQ(server.pieces, 1) << "a small message is one piece";
  EXPECT_EQ(server.message.origin_database(), "db");
  EXPECT_EQ(server.message.origin_id(), 42u);
  EXPECT_THAT(server.message.servers(), ElementsAre("mbx-0"));
  EXPECT_THAT(outcome.keywords, ElementsAre("DSN")) << "the other server reports from here on";
  EXPECT_EQ(outcome.bytes_sent, body_->size());
}

TEST_F(RelayTest, ALargeBodyIsCutIntoPieces) {
  ScriptedServer server;
  std::string content = "Subject: x\r\n\r\n";
  while (content.size() < 700'000)
    content += "a line\r\n";
  Content(content);
  EXPECT_TRUE(AttemptInTurn({&server}).recipients[0].delivered());
  EXPECT_TRUE(server.contents.at(0) == content);
  EXPECT_EQ(server.largest_piece, model::kChunkBytes);
  EXPECT_EQ(server.pieces, 3);
}

TEST_F(RelayTest, TheNextServerTakesItWhenOneIsGoneOrFull) {
  ScriptedServer gone, full, good;
  const std::string address = gone.address();
  gone.Goes();
  full.answer = {grpc::StatusCode::RESOURCE_EXHAUSTED, "452 4.3.1 full"};
  const smtp::Outcome outcome = Attempt({{{ServerAt("gone", address)},
                                          {ServerAt("full", full.address())},
                                          {ServerAt("good", good.address())}}});
  EXPECT_TRUE(outcome.recipients[0].delivered());
  EXPECT_EQ(outcome.recipients[0].host, "good");
  ASSERT_EQ(outcome.hosts.size(), 3u);
  EXPECT_EQ(outcome.hosts[0].stage, smtp::Stage::kConnect);
  EXPECT_EQ(outcome.hosts[1].reply->ToString(), "452 4.3.1 full");
  EXPECT_THAT(full.contents, IsEmpty());
}

TEST_F(RelayTest, WhenNoneIsLeftTheHopHasFailed) {
  ScriptedServer full;
  full.answer = {grpc::StatusCode::UNAVAILABLE, "421 4.3.2 stopping"};
  const smtp::Outcome outcome = AttemptInTurn({&full, &full});
  EXPECT_FALSE(outcome.recipients[1].reply.has_value());
  EXPECT_EQ(outcome.recipients[1].origin, smtp::Origin::kConnect);
  EXPECT_FALSE(outcome.recipients[1].enhanced.permanent());
  EXPECT_LT(outcome.hosts.back().stage, smtp::Stage::kData) << "the queue waits, not the message";
}

TEST_F(RelayTest, ARefusalForGoodIsAReplyAndNoOtherIsAsked) {
  ScriptedServer refuses, other;
  refuses.answer = {grpc::StatusCode::FAILED_PRECONDITION, "554 5.4.6 hop count exceeded"};
  const smtp::Outcome outcome = AttemptInTurn({&refuses, &other});
  EXPECT_EQ(outcome.recipients[0].reply->ToString(), "554 5.4.6 hop count exceeded");
  EXPECT_EQ(outcome.recipients[0].origin, smtp::Origin::kRemote);
  EXPECT_EQ(other.pieces, 0);
}

TEST_F(RelayTest, WithoutAnAnswerToAllOfItNoOtherServerGetsIt) {
  settings_.relay_timeout.value = absl::Milliseconds(300);
  ScriptedServer silent, other;
  silent.silent = true;
  const smtp::Outcome outcome = AttemptInTurn({&silent, &other});
  EXPECT_TRUE(outcome.ambiguous);
  EXPECT_TRUE(outcome.body_ended);
  EXPECT_EQ(other.pieces, 0);
}

TEST_F(RelayTest, AfterTwentyRelaysItGoesNowhere) {
  ScriptedServer server;
  batch_.message->servers.assign(20, "somewhere");
  const smtp::Outcome outcome = AttemptInTurn({&server});
  EXPECT_EQ(outcome.recipients[0].enhanced, (mail::EnhancedStatus{5, 4, 6}));
  EXPECT_EQ(outcome.recipients[0].origin, smtp::Origin::kLocal);
  EXPECT_EQ(server.pieces, 0);
}

TEST_F(RelayTest, WhoHadItAlreadyIsLeftOutAndItWaits) {
  ScriptedServer server;
  batch_.message->servers = {"passed"};
  const smtp::Outcome outcome = Attempt({{{ServerAt("passed", server.address(), false)}}});
  EXPECT_EQ(outcome.recipients[0].origin, smtp::Origin::kLocal);
  EXPECT_FALSE(outcome.recipients[0].enhanced.permanent());
  EXPECT_EQ(server.pieces, 0);
}

TEST_F(RelayTest, AServerWhoseAddressChangedIsReachedAtTheNewOne) {
  auto old = std::make_unique<ScriptedServer>();
  ScriptedServer moved;
  EXPECT_TRUE(AttemptInTurn({old.get()}).recipients[0].delivered());
  old.reset();
  executor_.Run([&] { relay_->SetServers({moved.address()}); });
  EXPECT_TRUE(AttemptInTurn({&moved}).recipients[0].delivered());
}

TEST_F(RelayTest, ASourceThatSentItOnDoesNotGetItBackAtOnce) {
  ScriptedServer server;
  batch_.message->id =
      base::MessageId{static_cast<std::uint64_t>(absl::ToUnixMillis(absl::Now())) << 20};
  batch_.message->servers = {"passed"};
  const smtp::Outcome outcome = Attempt({{{ServerAt("passed", server.address())}}});
  EXPECT_EQ(outcome.recipients[0].origin, smtp::Origin::kNone) << "not tried: it comes again";
  EXPECT_EQ(server.pieces, 0);
}

// The store fails in the middle: no other server would help, and none gets a part for the whole.
class FailingBody final : public smtp::BodySource {
 public:
  std::uint64_t size() const override { return 1'000'000; }

  io::Task<absl::Status> Rewind() override { co_return absl::OkStatus(); }

  io::Task<absl::StatusOr<std::string_view>> Next() override {
    if (++reads_ > 1) co_return absl::DataLossError("chunk: the record is damaged");
    co_return std::string_view("Subject: x\r\n\r\n");
  }

 private:
  int reads_ = 0;
};

TEST_F(RelayTest, ContentThatCannotBeReadIsOurOwnTrouble) {
  ScriptedServer server;
  EXPECT_TRUE(AttemptInTurn({&server}).recipients[0].delivered());
  FailingBody broken;
  const model::RelayPlan plan{{{ServerAt("s", server.address())}}};
  const smtp::Outcome outcome = testing::Await(executor_, relay_->Attempt(batch_, plan, broken));
  EXPECT_EQ(outcome.recipients[0].origin, smtp::Origin::kLocal);
  EXPECT_THAT(std::string(outcome.recipients[0].error.message()), HasSubstr("damaged"));
  EXPECT_FALSE(outcome.ambiguous);
}

}  // namespace
}  // namespace postern::deliver
