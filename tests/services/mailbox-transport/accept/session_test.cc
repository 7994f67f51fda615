#include "services/mailbox-transport/accept/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/mailbox-transport/accept/session_fixture.h"

namespace postern::accept::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using SessionTest = SessionFixture;

TEST_F(SessionTest, GreetsAndOffersWhatTheOutboundHalfCanDo) {
  Talk talk = Connect();
  EXPECT_EQ(talk.Reply(), "220 mail.example.test ESMTP Postern");
  EXPECT_EQ(talk.Ask("EHLO client.example.test"),
            "250-mail.example.test Hello [192.0.2.9]|250-PIPELINING|250-SIZE 36700160|250-8BITMIME|"
            "250-ENHANCEDSTATUSCODES|250-DSN|250-SMTPUTF8|250 CHUNKING");
  EXPECT_EQ(talk.Ask("HELO client"), "250 mail.example.test Hello [192.0.2.9]");
}

struct CommandRow {
  std::string line;
  std::string reply;
};

TEST_F(SessionTest, EveryCommandHasItsAnswer) {
  Talk talk = Greeted();
  const CommandRow rows[] = {
      {"NOOP", "250 2.0.0"},
      {"NOOP anything", "250 2.0.0"},
      {"noop", "250 2.0.0"},
      {"HELP", "214 2.0.0"},
      {"VRFY root", "252 2.5.2"},
      {"EXPN staff", "502 5.5.1"},
      {"RSET", "250 2.0.0"},
      {"XCLIENT", "500 5.5.1"},
      {"", "500 5.5.1"},
      {"MAIL", "501 5.5.4"},
      {"MAIL FROM:a@example.test", "501 5.5.4"},
      {"MAIL FROM:<a@example.test", "501 5.5.4"},
      {"MAIL FROM:<a@b@c>", "501 5.1.7"},
      {"MAIL FROM:<a@example.test> SIZE=abc", "501 5.5.4"},
      {"MAIL FROM:<a@example.test> COLOUR=red", "555 5.5.4"},
      {"MAIL FROM:<a@example.test> SIZE=99999999", "552 5.3.4"},
      {"MAIL FROM:<b\xc3\xbc@example.test>", "550 5.6.7"},
      {"RCPT TO:<b@example.net>", "503 5.5.1"},
      {"DATA", "503 5.5.1"},
      {"STARTTLS", "502 5.5.1"},
      {"AUTH PLAIN", "502 5.5.1"},
      {"EHLO", "501 5.5.4"},
      {"EHLO two words", "501 5.5.4"},
      {"MAIL FROM:<a@example.test> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=x", "250 2.1.0"},
      {"MAIL FROM:<a@example.test>", "503 5.5.1"},
      {"DATA", "503 5.5.1"},
      {"RCPT TO:<>", "501 5.1.3"},
      {"RCPT TO:<nobody>", "501 5.1.3"},
      {"RCPT TO:<b\xc3\xbc@example.net>", "553 5.6.7"},
      {"RCPT TO:<Postmaster>", "550 5.1.1"},
      {"RCPT TO:<b@example.net> NOTIFY=NEVER,DELAY", "501 5.5.4"},
      {"RCPT TO:<b@example.net> NOTIFY=SUCCESS ORCPT=rfc822;b@example.net", "250 2.1.5"},
      {"DATA now", "501 5.5.4"},
      {"RSET", "250 2.0.0"},
      {"MAIL FROM:<>", "250 2.1.0"},
      {"RSET", "250 2.0.0"},
      {"MAIL FROM:<b\xc3\xbc@example.test> SMTPUTF8", "250 2.1.0"},
      {"RCPT TO:<b\xc3\xbc@b\xc3\xbc"
       "cher.example>",
       "250 2.1.5"},
      {"QUIT", "221 2.0.0"},
  };
  for (const CommandRow& row : rows)
    EXPECT_THAT(talk.Ask(row.line), StartsWith(row.reply)) << row.line;
  EXPECT_EQ(talk.Reply(), "closed");
}

TEST_F(SessionTest, NothingIsTakenBeforeHello) {
  Talk talk = Connect();
  talk.Reply();
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("503 5.5.1"));
}

TEST_F(SessionTest, HeloOffersNoExtensions) {
  Talk talk = Connect();
  talk.Reply();
  talk.Ask("HELO client");
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test> SIZE=5"), StartsWith("555"));
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("250"));
}

TEST_F(SessionTest, OnlyCrlfEndsACommand) {
  Talk talk = Greeted();
  talk.Send("NOOP\nNOOP\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("500 5.5.2"));
  talk.Send("NOOP\rNOOP\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("500 5.5.2"));
  talk.Send(std::string("NOOP \0\r\n", 8));
  EXPECT_THAT(talk.Reply(), StartsWith("500 5.5.2"));
  EXPECT_THAT(talk.Ask("NOOP"), StartsWith("250"));
}

TEST_F(SessionTest, ALineThatIsTooLongIsPassedOver) {
  Talk talk = Greeted();
  talk.Send("NOOP " + std::string(100000, 'x') + "\r\nNOOP\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("500 5.5.2"));
  EXPECT_THAT(talk.Reply(), StartsWith("250"));
}

TEST_F(SessionTest, APipelinedMessageTakesTwoReadsAndTwoWrites) {
  Talk talk = Greeted();
  const int before = talk.reads();
  talk.Send(
      "MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.net>\r\nRCPT "
      "TO:<c@example.net>\r\nDATA\r\n");
  for (const char* code : {"250", "250", "250", "354"})
    EXPECT_THAT(talk.Reply(), StartsWith(code));
  EXPECT_EQ(talk.reads() - before, 1);
  talk.Send(MessageOf(std::string(4000, 'x')) + "\r\n.\r\nQUIT\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("250 2.6.0 <m@example.test>"));
  EXPECT_THAT(talk.Reply(), StartsWith("221"));
  EXPECT_EQ(talk.reads() - before, 2);
}

TEST_F(SessionTest, TooManyErrorsEndTheSession) {
  rules_.protocol_errors_max = 3;
  Talk talk = Greeted();
  talk.Send("A\r\nB\r\nC\r\nNOOP\r\n");
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(talk.Reply(), StartsWith("500"));
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.7.0"));
  EXPECT_EQ(talk.Reply(), "closed");
}

TEST_F(SessionTest, WhatFollowsARefusedMailIsNoFaultOfAClientThatPipelines) {
  rules_.protocol_errors_max = 3;
  rules_.policy.max_receive_size = 1000;
  Talk talk = Greeted();
  talk.Send(
      "MAIL FROM:<a@example.test> SIZE=2000\r\nRCPT TO:<b@example.net>\r\n"
      "RCPT TO:<c@example.net>\r\nRCPT TO:<d@example.net>\r\nDATA\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("552"));
  for (int i = 0; i < 4; ++i)
    EXPECT_THAT(talk.Reply(), StartsWith("503"));
  talk.Send("MAIL FROM:<a@example.test>\r\nRCPT TO:<nobody>\r\nDATA\r\nRSET\r\n");
  for (const char* code : {"250", "501", "503", "250"})
    EXPECT_THAT(talk.Reply(), StartsWith(code));
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(talk.Ask("DATA"), StartsWith("503"));
  EXPECT_THAT(talk.Ask("DATA"), StartsWith("503"));
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.7.0"));
}

TEST_F(SessionTest, AnHttpRequestIsNoWayToSendMail) {
  for (const char* request : {"POST / HTTP/1.1", "GET /x HTTP/1.0", "PUT / HTTP/1.1"}) {
    Talk talk = Greeted();
    talk.Send(base::Cat(request, "\r\n\r\nMAIL FROM:<a@example.test>\r\n"));
    EXPECT_THAT(talk.Reply(), StartsWith("500 5.5.1"));
    EXPECT_EQ(talk.Reply(), "closed");
  }
}

TEST_F(SessionTest, AStrangersErrorIsAnsweredSlowly) {
  Stranger();
  rules_.tarpit_interval = absl::Milliseconds(60);
  Talk talk = Greeted();
  absl::Time asked = absl::Now();
  EXPECT_THAT(talk.Ask("WHAT"), StartsWith("500"));
  EXPECT_GE(absl::Now() - asked, absl::Milliseconds(55));
}

TEST_F(SessionTest, UnderPressureTheAnswerToMailIsHeldBack) {
  intake_.hold_mail = absl::Milliseconds(60);
  Talk talk = Greeted();
  const absl::Time asked = absl::Now();
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("250"));
  EXPECT_GE(absl::Now() - asked, absl::Milliseconds(55));
}

TEST_F(SessionTest, ASilentClientIsTold) {
  rules_.idle_timeout = absl::Milliseconds(30);
  Talk talk = Connect();
  EXPECT_THAT(talk.Reply(), StartsWith("220"));
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.4.2"));
  EXPECT_EQ(talk.Reply(), "closed");
}

TEST_F(SessionTest, ALongSessionEndsBetweenTransactions) {
  Talk talk = Enveloped();
  clock_.Advance(absl::Minutes(11));
  EXPECT_THAT(talk.Ask("NOOP"), StartsWith("250"));
  talk.Send("RSET\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("250"));
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.4.2"));
}

TEST_F(SessionTest, ATransactionWithoutContentKeepsNoSessionForEver) {
  Talk talk = Enveloped();
  clock_.Advance(absl::Minutes(16));
  talk.Send("NOOP\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("250"));
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.4.2"));
}

TEST_F(SessionTest, AnIdleClientIsSentAwayWhenTheServerStops) {
  Talk talk = Greeted();
  executor_.Run([this] { scope_->Spawn(session_->Farewell(true)); });
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.3.2"));
  EXPECT_EQ(talk.Reply(), "closed");
}

TEST_F(SessionTest, ContentThatArrivesComesToItsEndBeforeTheFarewell) {
  Talk talk = Enveloped();
  EXPECT_THAT(talk.Ask("DATA"), StartsWith("354"));
  executor_.Run([this] { scope_->Spawn(session_->Farewell(true)); });
  talk.Send(MessageOf("x\r\n") + ".\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("250 2.6.0"));
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.3.2"));
  EXPECT_EQ(intake_.count(), 1u);
}

TEST_F(SessionTest, AnImpatientFarewellCutsContentOff) {
  Talk talk = Enveloped();
  EXPECT_THAT(talk.Ask("DATA"), StartsWith("354"));
  executor_.Run([this] { scope_->Spawn(session_->Farewell(false)); });
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.3.2"));
  EXPECT_EQ(talk.Reply(), "closed");
  EXPECT_EQ(intake_.count(), 0u);
}

TEST_F(SessionTest, AFullStoreIsSaidAtMail) {
  Talk talk = Greeted();
  intake_.ready_answer = absl::ResourceExhaustedError("the disk reserve is reached");
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("452 4.3.1"));
  intake_.ready_answer = absl::UnavailableError("stopping");
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("421 4.3.2"));
  EXPECT_EQ(talk.Reply(), "closed");
}

}  // namespace
}  // namespace postern::accept::testing
