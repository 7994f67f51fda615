#include "common/smtp/session.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/io/executor.h"
#include "common/io/memory_stream.h"
#include "common/io/scope.h"

namespace postern::smtp {
namespace {

using ::testing::HasSubstr;

// The peer's words are all on the wire before the client begins: what matters is how they are read.
class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : executor_("test") {
    executor_.Start();
    envelope_.sender = "ann@a.test";
    for (const char* address : {"bob@b.test", "eve@b.test"}) {
      mail::Recipient recipient;
      recipient.address = address;
      envelope_.recipients.push_back(recipient);
    }
  }

  ~SessionTest() override { executor_.Stop(); }

  const Transaction& Send(std::string hello, std::string answers) {
    io::RunTask(executor_, Converse(std::move(hello), std::move(answers)));
    return transaction_;
  }

  io::Task<void> Converse(std::string hello, std::string answers) {
    auto [ours, other] = io::MemoryPipe();
    const std::shared_ptr<io::Stream> theirs = std::move(other);
    Session session(std::move(ours), limits_);
    co_await theirs->Write(hello.substr(0, hello.find("\r\n") + 2));
    executor_.Post(
        [theirs, rest = hello.substr(hello.find("\r\n") + 2)] { theirs->Farewell(rest); });
    HelloPolicy policy;
    policy.name = "client.test";
    policy.security.tls = TlsUse::kNever;
    const tls::ClientContext tls;
    refusal_ = co_await session.Hello(policy, tls);
    if (refusal_.has_value()) co_return;
    const std::vector<std::size_t> everybody = {0, 1};
    const Offer offer{envelope_, everybody, 5, false};
    StringBody body(std::make_shared<const std::string>("a\r\n"));
    Outgoing content(body);
    co_await content.Obey(mail::FirewallRules());
    executor_.Post([theirs, answers = std::move(answers)] { theirs->Farewell(answers); });
    transaction_ = co_await session.Send(offer, content);
    usable_ = session.usable();
    reset_due_ = session.reset_due();
    char bytes[4096];
    const auto read = co_await theirs->Read(bytes, sizeof(bytes));
    said_ = std::string(bytes, read.value_or(0));
  }

  io::Executor executor_;
  Limits limits_;
  mail::Envelope envelope_;
  std::optional<Refusal> refusal_;
  Transaction transaction_;
  std::string said_;
  bool usable_ = false;
  bool reset_due_ = false;
};

constexpr char kPipelining[] = "220 hi\r\n250-peer\r\n250 PIPELINING\r\n";
constexpr char kChunking[] = "220 hi\r\n250-peer\r\n250-PIPELINING\r\n250 CHUNKING\r\n";

TEST_F(SessionTest, EveryAnswerFindsItsCommand) {
  Send(kPipelining, "250 m\r\n250 b\r\n550 e\r\n354 go\r\n250 done\r\n");
  EXPECT_EQ(transaction_.mail->code, 250);
  EXPECT_EQ(transaction_.recipients[0]->code, 250);
  EXPECT_EQ(transaction_.recipients[1]->code, 550);
  EXPECT_EQ(transaction_.body->lines[0], "done");
  EXPECT_TRUE(transaction_.body_ended && usable_ && !reset_due_);
  EXPECT_THAT(said_, HasSubstr("DATA\r\na\r\n.\r\n"));
}

TEST_F(SessionTest, AChunkFollowsItsEnvelope) {
  Send(kChunking, "250 m\r\n250 b\r\n250 e\r\n250 done\r\n");
  EXPECT_TRUE(transaction_.body->positive() && usable_ && !reset_due_);
  EXPECT_THAT(said_, HasSubstr("RCPT TO:<eve@b.test>\r\nBDAT 3 LAST\r\na\r\n"));
}

TEST_F(SessionTest, ARefusedChunkLeavesAResetDue) {
  Send(kChunking, "250 m\r\n550 b\r\n550 e\r\n554 nobody\r\n");
  EXPECT_TRUE(usable_ && reset_due_);
}

TEST_F(SessionTest, ARefusedMailLeavesNothingToReset) {
  Send(kPipelining, "550 m\r\n503 b\r\n503 e\r\n503 d\r\n");
  EXPECT_TRUE(usable_ && !reset_due_);
  EXPECT_FALSE(transaction_.body_ended);
}

TEST_F(SessionTest, ServiceClosingEndsTheSessionAnywhere) {
  for (const std::string_view answers :
       {"421 m\r\n", "250 m\r\n421 b\r\n", "250 m\r\n250 b\r\n250 e\r\n421 d\r\n",
        "250 m\r\n250 b\r\n250 e\r\n354 go\r\n421 done\r\n"}) {
    Send(kPipelining, std::string(answers));
    EXPECT_FALSE(usable_) << answers;
    EXPECT_TRUE(transaction_.error.ok()) << answers;
  }
}

TEST_F(SessionTest, AnAnswerTooManyBreaksTheSession) {
  Send(std::string(kPipelining) + "250 more\r\n", "");
  EXPECT_THAT(transaction_.error.ToString(), HasSubstr("out of turn"));
  EXPECT_FALSE(usable_);
}

TEST_F(SessionTest, AnAnswerOfDataInAnotherPlaceBreaksTheSession) {
  Send(kPipelining, "250 m\r\n354 b\r\n");
  EXPECT_THAT(transaction_.error.ToString(), HasSubstr("rcpt is answered with"));
}

TEST_F(SessionTest, AGreetingIsNoSessionWhenItRefuses) {
  Send("554 no\r\n", "");
  ASSERT_TRUE(refusal_.has_value());
  EXPECT_EQ(refusal_->stage, Stage::kGreeting);
  EXPECT_EQ(refusal_->reply->code, 554);
}

}  // namespace
}  // namespace postern::smtp
