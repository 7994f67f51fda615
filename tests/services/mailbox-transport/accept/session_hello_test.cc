#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/mailbox-transport/accept/session_fixture.h"

namespace postern::accept::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HelloTest : public SessionFixture {
 protected:
  // A client behind TLS that said EHLO again.
  Talk Encrypted() {
    OfferTls();
    Talk talk = Greeted();
    EXPECT_THAT(hello_, HasSubstr("250-STARTTLS"));
    EXPECT_THAT(talk.Ask("STARTTLS"), StartsWith("220 2.0.0"));
    EXPECT_TRUE(talk.StartTls(client_tls_));
    hello_ = talk.Ask("EHLO client.example.test");
    return talk;
  }

  static std::string Plain(std::string_view user, std::string_view password) {
    return base::Base64(base::Cat('\0', user, '\0', password));
  }
};

TEST_F(HelloTest, StartTlsRaisesTheSessionAndForgetsTheHello) {
  OfferTls();
  Talk talk = Greeted();
  EXPECT_THAT(talk.Ask("STARTTLS"), StartsWith("220 2.0.0"));
  ASSERT_TRUE(talk.StartTls(client_tls_));
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("503 5.5.1"));
  const std::string hello = talk.Ask("EHLO client.example.test");
  EXPECT_THAT(hello, Not(HasSubstr("STARTTLS")));
  EXPECT_THAT(hello, HasSubstr("250-AUTH PLAIN LOGIN"));
  EXPECT_THAT(talk.Ask("STARTTLS"), StartsWith("503 5.5.1"));
}

TEST_F(HelloTest, RequireTlsIsOfferedAndTakenOnlyUnderTls) {
  {
    OfferTls();
    Talk talk = Greeted();
    EXPECT_THAT(hello_, Not(HasSubstr("REQUIRETLS")));
    EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test> REQUIRETLS"), StartsWith("555 5.5.4"));
    EXPECT_THAT(talk.Ask("DATA"), StartsWith("503 5.5.1"));
  }
  Talk talk = Encrypted();
  EXPECT_THAT(hello_, HasSubstr("250-REQUIRETLS"));
  for (const std::string_view parameter : {" REQUIRETLS", ""}) {
    EXPECT_THAT(talk.Ask(base::Cat("MAIL FROM:<a@example.test>", parameter)), StartsWith("250"));
    EXPECT_THAT(talk.Ask("RCPT TO:<b@example.net>"), StartsWith("250"));
    EXPECT_THAT(talk.Ask("DATA"), StartsWith("354"));
    talk.Send(base::Cat("TLS-Required: No\r\n", MessageOf("x\r\n")));
    EXPECT_THAT(talk.Ask("."), StartsWith("250"));
  }
  const mail::Envelope& required = intake_.messages.at(0).message.envelope;
  EXPECT_TRUE(required.require_tls);
  EXPECT_FALSE(required.tls_optional) << "REQUIRETLS goes before the header field";
  const mail::Envelope& optional = intake_.messages.at(1).message.envelope;
  EXPECT_FALSE(optional.require_tls);
  EXPECT_TRUE(optional.tls_optional);
}

TEST_F(HelloTest, WhatIsInjectedBehindStartTlsIsNeverCarriedOut) {
  OfferTls();
  Talk talk = Greeted();
  talk.Send("STARTTLS\r\nMAIL FROM:<evil@example.test>\r\nRCPT TO:<b@example.net>\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("501 5.5.4"));
  EXPECT_THAT(talk.Ask("RCPT TO:<b@example.net>"), StartsWith("503 5.5.1"));
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("503 5.5.1"));
}

TEST_F(HelloTest, ATransactionDoesNotOutliveStartTls) {
  OfferTls();
  Talk talk = Enveloped();
  EXPECT_THAT(talk.Ask("STARTTLS"), StartsWith("220"));
  ASSERT_TRUE(talk.StartTls(client_tls_));
  talk.Ask("EHLO client.example.test");
  EXPECT_THAT(talk.Ask("DATA"), StartsWith("503 5.5.1"));
}

TEST_F(HelloTest, AHandshakeThatFailsEndsTheSession) {
  OfferTls();
  Talk talk = Greeted();
  EXPECT_THAT(talk.Ask("STARTTLS"), StartsWith("220"));
  talk.Send("this is not a TLS record, whatever it is\r\n");
  std::string reply = talk.Reply();
  EXPECT_THAT(reply, Not(HasSubstr("250")));
  EXPECT_THAT(reply, HasSubstr("closed"));
}

TEST_F(HelloTest, AuthNeedsTls) {
  OfferTls();
  Talk talk = Greeted();
  EXPECT_THAT(hello_, Not(HasSubstr("AUTH")));
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "sesame")), StartsWith("538 5.7.11"));
}

TEST_F(HelloTest, PlainIsTakenWithAndWithoutInitialResponse) {
  {
    Talk talk = Encrypted();
    EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "sesame")), StartsWith("235 2.7.0"));
    EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "sesame")), StartsWith("503 5.5.1"));
  }
  Talk talk = Encrypted();
  EXPECT_EQ(talk.Ask("auth plain"), "334 ");
  EXPECT_THAT(talk.Ask(Plain("bob", "sesame")), StartsWith("235 2.7.0"));
}

TEST_F(HelloTest, LoginAsksForUserAndPassword) {
  Talk talk = Encrypted();
  EXPECT_EQ(talk.Ask("AUTH LOGIN"), "334 VXNlcm5hbWU6");
  EXPECT_EQ(talk.Ask(base::Base64("alice")), "334 UGFzc3dvcmQ6");
  EXPECT_THAT(talk.Ask(base::Base64("sesame")), StartsWith("235 2.7.0"));
}

TEST_F(HelloTest, EveryFailedAuthHasItsAnswer) {
  Talk talk = Encrypted();
  EXPECT_THAT(talk.Ask("AUTH CRAM-MD5"), StartsWith("504 5.5.4"));
  EXPECT_THAT(talk.Ask("AUTH PLAIN !!!"), StartsWith("501 5.5.2"));
  EXPECT_THAT(talk.Ask("AUTH PLAIN ="), StartsWith("535 5.7.8"));
  EXPECT_EQ(talk.Ask("AUTH LOGIN"), "334 VXNlcm5hbWU6");
  EXPECT_THAT(talk.Ask("*"), StartsWith("501 5.0.0"));
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "wrong")), StartsWith("535 5.7.8"));
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("nobody", "sesame")), StartsWith("535 5.7.8"));
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("250"));
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "sesame")), StartsWith("503 5.5.1"));
}

TEST_F(HelloTest, GuessingIsStopped) {
  rules_.auth_failures_max = 2;
  Talk talk = Encrypted();
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "one")), StartsWith("535"));
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "two")), StartsWith("535"));
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "sesame")), StartsWith("454 4.7.0"));
}

TEST_F(HelloTest, AStrangerMayRelayAfterAuthAndTheStampSaysSo) {
  Stranger();
  Talk talk = Encrypted();
  talk.Ask("MAIL FROM:<a@example.test>");
  EXPECT_THAT(talk.Ask("RCPT TO:<b@example.net>"), StartsWith("550 5.7.1 Unable to relay"));
  talk.Ask("RSET");
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "sesame")), StartsWith("235"));
  talk.Ask("MAIL FROM:<a@example.test> AUTH=<>");
  EXPECT_THAT(talk.Ask("RCPT TO:<b@example.net>"), StartsWith("250"));
  talk.Ask("DATA");
  EXPECT_THAT(talk.Ask(MessageOf("x\r\n.")), StartsWith("250 2.6.0"));
  ASSERT_EQ(intake_.count(), 1u);
  EXPECT_EQ(intake_.messages[0].message.identity, "smtp:alice");
  EXPECT_THAT(intake_.messages[0].content, HasSubstr("ESMTPSA"));
}

TEST_F(HelloTest, WhereAuthIsOfferedItsParameterIsTakenWithoutALogin) {
  Talk clear = Greeted();
  EXPECT_THAT(clear.Ask("MAIL FROM:<a@example.test> AUTH=<>"), StartsWith("555 5.5.4"));
  Talk talk = Encrypted();
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test> AUTH=<>"), StartsWith("250"));
  EXPECT_THAT(talk.Ask("RCPT TO:<b@example.net>"), StartsWith("250"));
}

TEST_F(HelloTest, AListenerThatRequiresAuthTakesNoMailWithoutIt) {
  OfferTls();
  listener_.auth = AuthMode::kRequired;
  Talk talk = Greeted();
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"),
              StartsWith("530 5.7.0 must issue a STARTTLS"));
  EXPECT_THAT(talk.Ask("STARTTLS"), StartsWith("220"));
  ASSERT_TRUE(talk.StartTls(client_tls_));
  talk.Ask("EHLO client.example.test");
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"),
              StartsWith("530 5.7.0 authentication required"));
  EXPECT_THAT(talk.Ask("AUTH PLAIN " + Plain("alice", "sesame")), StartsWith("235"));
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("250"));
}

}  // namespace
}  // namespace postern::accept::testing
