#include "common/smtp/session.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/io/executor.h"
#include "common/io/scope.h"
#include "tests/support/memory_stream.h"
#include "tests/support/string_body.h"

namespace postern::smtp {
namespace {

using ::testing::HasSubstr;

// The peer's words are all on the wire before the client begins, but for those after the dot: what
// matters is how they are read.
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

  const Transaction& Send(std::string hello, std::string answers, std::string after_dot = "") {
    said_.clear();
    io::RunTask(executor_, Converse(std::move(hello), std::move(answers), std::move(after_dot)));
    return transaction_;
  }

  io::Task<void> Converse(std::string hello, std::string answers, std::string after_dot) {
    auto [ours, other] = testing::MemoryPipe();
    const std::shared_ptr<io::Stream> theirs = std::move(other);
    auto session = std::make_unique<Session>(std::move(ours), limits_);
    co_await theirs->Write(hello.substr(0, hello.find("\r\n") + 2));
    executor_.Post(
        [theirs, rest = hello.substr(hello.find("\r\n") + 2)] { theirs->Farewell(rest); });
    HelloPolicy policy;
    policy.name = "client.test";
    policy.security.tls = TlsUse::kNever;
    const tls::ClientContext tls;
    refusal_ = co_await session->Hello(policy, tls);
    if (refusal_.has_value()) co_return;
    const std::vector<std::size_t> everybody = {0, 1};
    const Offer offer{envelope_, everybody, 5, false};
    testing::StringBody body(std::make_shared<const std::string>("a\r\n"));
    Outgoing content(body);
    co_await content.Obey(mail::FirewallRules());
    io::Scope peer(executor_);
    peer.Spawn(Talk(theirs, std::move(answers), std::move(after_dot)));
    transaction_ = co_await session->Send(offer, content);
    usable_ = session->usable();
    reset_due_ = session->reset_due();
    session.reset();
    co_await peer.Join();
  }

  io::Task<void> Talk(std::shared_ptr<io::Stream> theirs,
                      std::string answers,
                      std::string after_dot) {
    theirs->Farewell(answers);
    while (true) {
      char bytes[4096];
      const auto read = co_await theirs->Read(bytes, sizeof(bytes));
      if (!read.ok() || *read == 0) co_return;
      said_.append(bytes, *read);
      if (said_.ends_with("\r\n.\r\n")) theirs->Farewell(std::exchange(after_dot, ""));
    }
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
  Send(kPipelining, "250 m\r\n250 b\r\n550 e\r\n354 go\r\n", "250 done\r\n");
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

// Of a peer that takes DATA all the same, nobody has got anything.
TEST_F(SessionTest, AMessageForNobodyIsEndedByALoneDotWhateverIsSaidToIt) {
  for (const char* ended : {"250 taken", "554 nobody"}) {
    Send(kPipelining, "250 m\r\n550 b\r\n550 e\r\n354 go\r\n", base::Cat(ended, "\r\n"));
    EXPECT_THAT(said_, HasSubstr("DATA\r\n.\r\n"));
    EXPECT_FALSE(transaction_.body_ended || transaction_.body.has_value()) << ended;
    EXPECT_TRUE(usable_ && reset_due_) << ended;
  }
}

TEST_F(SessionTest, AChunkThatIsTakenForNobodyIsDeliveredToNobody) {
  Send(kChunking, "250 m\r\n550 b\r\n550 e\r\n250 taken\r\n");
  EXPECT_EQ(transaction_.accepted(), 0u);
  EXPECT_FALSE(transaction_.ambiguous());
}

TEST_F(SessionTest, ARecipientWhoIsForwardedOrNotVerifiedIsAccepted) {
  Send(kPipelining, "250 m\r\n251 will forward\r\n252 cannot verify\r\n354 go\r\n", "250 done\r\n");
  EXPECT_EQ(transaction_.accepted(), 2u);
  EXPECT_TRUE(transaction_.body->positive());
}

// The answer that comes last may be one of the envelope's: it proves nothing.
TEST_F(SessionTest, AnAnswerTooManyLeavesAChunkAmbiguous) {
  Send(kChunking, "250 m\r\n250 b\r\n250 b\r\n250 e\r\n550 no\r\n");
  EXPECT_FALSE(transaction_.body.has_value());
  EXPECT_TRUE(transaction_.ambiguous());
  EXPECT_FALSE(usable_);
}

TEST_F(SessionTest, APeerThatTakesTheMessageAndLeavesHasTakenIt) {
  for (const char* leaving : {"421 4.3.2 too many messages\r\n", "221 bye\r\n"}) {
    Send(kChunking, base::Cat("250 m\r\n250 b\r\n250 e\r\n250 done\r\n", leaving));
    EXPECT_TRUE(transaction_.body->positive()) << leaving;
    EXPECT_TRUE(transaction_.error.ok()) << leaving;
    EXPECT_FALSE(usable_) << leaving;
  }
}

TEST_F(SessionTest, TheContentAnsweredTwiceEndsTheSessionAndTheFirstAnswerHolds) {
  Send(kPipelining, "250 m\r\n250 b\r\n250 e\r\n354 go\r\n", "250 done\r\n550 no\r\n");
  EXPECT_TRUE(transaction_.body->positive());
  EXPECT_FALSE(usable_);
}

TEST_F(SessionTest, AnAnswerToContentThatHasNotComeIsNoneUnlessItRefuses) {
  Send(kPipelining, "250 m\r\n250 b\r\n250 e\r\n354 go\r\n250 done\r\n");
  EXPECT_THAT(transaction_.error.ToString(), HasSubstr("before the content began"));
  EXPECT_FALSE(transaction_.body.has_value() || transaction_.body_ended || usable_);
  Send(kPipelining, "250 m\r\n250 b\r\n250 e\r\n354 go\r\n554 spam\r\n");
  EXPECT_EQ(transaction_.body->code, 554);
  EXPECT_FALSE(transaction_.body_ended || usable_);
}

TEST_F(SessionTest, WithoutPipeliningAnAnswerBeforeItsCommandBreaksTheSession) {
  Send("220 hi\r\n250 peer\r\n", "250 m\r\n250 b\r\n");
  EXPECT_THAT(transaction_.error.ToString(), HasSubstr("out of turn: \"250 b"));
  EXPECT_EQ(said_, "EHLO client.test\r\nMAIL FROM:<ann@a.test>\r\n");
  EXPECT_FALSE(usable_);
}

TEST_F(SessionTest, AnotherKindOfGoOnIsNone) {
  Send(kPipelining, "250 m\r\n250 b\r\n250 e\r\n350 more\r\n");
  EXPECT_THAT(transaction_.error.ToString(), HasSubstr("data is answered with"));
}

TEST_F(SessionTest, WhatIsNotTextInAReplyIsKeptAsItIs) {
  const std::string odd("550 \xe9\0\x1b no\r\n", 12);
  Send(kPipelining, base::Cat("250 m\r\n", odd, "250 e\r\n354 go\r\n"), "250 done\r\n");
  EXPECT_EQ(transaction_.recipients[0]->lines[0], odd.substr(4, odd.size() - 6));
  EXPECT_TRUE(transaction_.body->positive() && usable_);
}

TEST_F(SessionTest, ALineWithoutAnEndIsNotWaitedFor) {
  Send(kPipelining, base::Cat("250 ", std::string(3000, 'x')));
  EXPECT_THAT(transaction_.error.ToString(), HasSubstr("longer than 2048 bytes"));
  EXPECT_FALSE(usable_);
}

TEST_F(SessionTest, BinaryContentIsNeverAnnounced) {
  Send("220 hi\r\n250-peer\r\n250-PIPELINING\r\n250-BINARYMIME\r\n250-8BITMIME\r\n250 CHUNKING\r\n",
       "250 m\r\n250 b\r\n250 e\r\n250 done\r\n");
  EXPECT_TRUE(transaction_.body->positive());
  EXPECT_THAT(said_, ::testing::Not(HasSubstr("BINARYMIME")));
}

TEST_F(SessionTest, AGreetingIsNoSessionWhenItRefuses) {
  Send("554 no\r\n", "");
  ASSERT_TRUE(refusal_.has_value());
  EXPECT_EQ(refusal_->stage, Stage::kGreeting);
  EXPECT_EQ(refusal_->reply->code, 554);
}

}  // namespace
}  // namespace postern::smtp
