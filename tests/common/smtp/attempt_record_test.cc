#include "common/smtp/attempt.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedPeer;

class AttemptRecordTest : public testing::EngineFixture {};

// What the only host answers, and what the recipient gets; a second host is not asked.
TEST_F(AttemptRecordTest, AnAnswerIsAnAnswer) {
  struct Row {
    std::string_view moment;
    std::string_view reply;
    std::string_view result;
  };

  const Row rows[] = {
      {"MAIL", "550 5.7.1 no", "550"},   {"RCPT", "550 5.1.1 no", "550"},
      {"RCPT", "450 4.2.0 grey", "450"}, {"RCPT", "452 4.5.3 many", "452"},
      {"DATA", "554 5.6.0 no", "554"},   {".", "451 4.3.0 later", "451"},
      {".", "550 5.7.1 spam", "550"},    {".", "250-a\r\n250 b", "250"},
  };
  for (const std::vector<std::string>& offer :
       {std::vector<std::string>(), std::vector<std::string>{"PIPELINING"}}) {
    for (const Row& row : rows) {
      ScriptedPeer& first = Peer("192.0.2.1").Keywords(offer);
      ScriptedPeer& second = Peer("192.0.2.2");
      first.Says(std::string(row.moment), std::string(row.reply), 1);
      delivery_.policy.version = std::to_string(offer.size());  // a session of its own
      Deliver();
      EXPECT_THAT(Results(), ElementsAre(row.result)) << row.moment << row.reply;
      EXPECT_EQ(outcome_.recipients[0].origin, Origin::kRemote);
      EXPECT_EQ(second.connections(), 0) << row.moment << row.reply;
    }
  }
  EXPECT_EQ(Peer("192.0.2.1").connections(), 2) << "a refusal does not cost the session";
}

// Also when the content went beside it: without the envelope nobody can have taken it.
TEST_F(AttemptRecordTest, MailThatIsPutOffGoesToTheNextHost) {
  ScriptedPeer& first = Peer("192.0.2.1").Keywords({"PIPELINING", "CHUNKING"});
  first.Says("MAIL", "452 4.3.1 insufficient system resources");
  first.Says("RCPT", "503 5.5.1 MAIL first").Says("BDAT", "503 5.5.1 MAIL first");
  Peer("192.0.2.2");
  Deliver();
  EXPECT_EQ(first.Heard("BDAT"), 1);
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(outcome_.recipients[0].host, "mx2.test");
  EXPECT_FALSE(outcome_.ambiguous);
}

TEST_F(AttemptRecordTest, MailThatIsPutOffButWhoseContentIsTakenGoesNowhereElse) {
  ScriptedPeer& first = Peer("192.0.2.1").Keywords({"PIPELINING", "CHUNKING"});
  first.Says("MAIL", "452 4.3.1 insufficient system resources").Says("RCPT", "250 ok");
  first.Says("BDAT", "250 taken");
  ScriptedPeer& second = Peer("192.0.2.2");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("452"));
  EXPECT_EQ(second.connections(), 0);
}

TEST_F(AttemptRecordTest, TheLaterAnswerOfARemoteOutlivesABrokenHost) {
  Peer("192.0.2.1").Says("MAIL", "451 4.7.1 later");
  Peer("192.0.2.2").Refuses();
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("451"));
  EXPECT_EQ(outcome_.recipients[0].host, "mx1.test");
}

TEST_F(AttemptRecordTest, HostsThatAllRefuseAtTheGreetingMeanLater) {
  Peer("192.0.2.1").Greets("554 no");
  Peer("192.0.2.2").Greets("554 5.7.1 never");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2"));
  EXPECT_THAT(outcome_.recipients[0].error.ToString(), HasSubstr("554 5.7.1 never"));
  EXPECT_EQ(outcome_.hosts[1].reply->code, 554);
}

TEST_F(AttemptRecordTest, EachRecipientHasItsOwnAnswer) {
  for (const std::vector<std::string>& offer :
       {std::vector<std::string>(), std::vector<std::string>{"PIPELINING"},
        std::vector<std::string>{"PIPELINING", "CHUNKING"}}) {
    delivery_.envelope.recipients.clear();
    To("bob@example.test");
    To("eve@example.test");
    To("joe@example.test");
    ScriptedPeer& peer = Peer("192.0.2.1").Keywords(offer);
    peer.Says("RCPT TO:<eve", "550 5.1.1 no").Says("RCPT TO:<joe", "450 4.2.1 later");
    delivery_.policy.messages_per_connection_max = 1;
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250", "550", "450"));
    EXPECT_THAT(peer.mails().back().recipients, ElementsAre("<bob@example.test>"));
  }
}

TEST_F(AttemptRecordTest, TooManyRecipientsMeansAnotherTransaction) {
  To("bob@example.test");
  To("eve@example.test");
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING"});
  std::size_t mails = 0;
  for (const char* many : {"452 4.5.3 too many", "452 many", "552 5.5.3 too many", "552 many"}) {
    peer.Says("RCPT TO:<eve", many, 1);
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250", "250")) << many;
    EXPECT_EQ(peer.mails().size(), mails += 2) << many;
  }
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(AttemptRecordTest, AFullMailboxIsNotTooManyRecipients) {
  To("bob@example.test");
  To("eve@example.test");
  ScriptedPeer& peer = Peer("192.0.2.1").Says("RCPT TO:<eve", "452 4.2.2 mailbox full");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250", "452"));
  peer.Says("RCPT TO:<eve", "552 5.2.2 mailbox full");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250", "552"));
}

TEST_F(AttemptRecordTest, ManyRecipientsTakeSeveralTransactions) {
  limits_.recipients_per_transaction_max = 3;
  for (int i = 0; i < 8; ++i)
    To("r" + std::to_string(i) + "@example.test");
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING"});
  Deliver();
  EXPECT_THAT(Results(), Each(std::string("250")));
  EXPECT_EQ(peer.mails().size(), 3u);
  EXPECT_EQ(peer.mails()[2].recipients.size(), 2u);
}

TEST_F(AttemptRecordTest, RefusedAtMailHoldsForEveryRecipient) {
  limits_.recipients_per_transaction_max = 2;
  for (int i = 0; i < 5; ++i)
    To("r" + std::to_string(i) + "@example.test");
  Peer("192.0.2.1").Says("MAIL", "451 later");
  Deliver();
  EXPECT_THAT(Results(), Each(std::string("451")));
}

}  // namespace
}  // namespace postern::smtp
