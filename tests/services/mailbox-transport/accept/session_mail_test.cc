#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/mailbox-transport/accept/session_fixture.h"

namespace postern::accept::testing {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::StartsWith;

class EnvelopeTest : public SessionFixture {
 protected:
  std::vector<std::string> Recipients() const {
    std::vector<std::string> addresses;
    for (const auto& recipient : intake_.messages.at(0).message.envelope.recipients) {
      addresses.push_back(recipient.address);
    }
    return addresses;
  }

  void Deliver(Talk& talk) {
    EXPECT_THAT(talk.Ask("DATA"), StartsWith("354"));
    EXPECT_THAT(talk.Ask(MessageOf("x\r\n.")), StartsWith("250 2.6.0"));
  }
};

// The probes of the usual open-relay testers; `plain` is what a client with rights gets.
struct ProbeRow {
  std::string_view sender;
  std::string_view recipient;
  std::string_view plain;
};

constexpr ProbeRow kProbes[] = {
    {"<a@example.test>", "<victim@example.net>", "250"},
    {"<>", "<victim@example.net>", "250"},
    {"<a@mail.example.test>", "<victim@example.net>", "250"},
    {"<a@[192.0.2.1]>", "<victim@example.net>", "250"},
    {"<a@localhost>", "<victim@example.net>", "250"},
    {"<a@example.test>", "<victim%example.net@mail.example.test>", "250"},
    {"<a@example.test>", "<victim%example.net@[127.0.0.1]>", "250"},
    {"<a@example.test>", "<\"victim@example.net\"@mail.example.test>", "250"},
    {"<a@example.test>", "<\"victim%example.net\"@mail.example.test>", "250"},
    {"<a@example.test>", "<@mail.example.test:victim@example.net>", "250"},
    {"<a@example.test>", "<@mail.example.test,@b.example:victim@example.net>", "250"},
    {"<a@example.test>", "<example.net!victim@mail.example.test>", "250"},
    {"<a@example.test>", "<mail.example.test!example.net!victim@mail.example.test>", "250"},
    {"<a@example.test>", "<victim@mail.example.test>", "250"},
    {"<a@example.test>", "<victim@[192.0.2.77]>", "250"},
    {"<a@example.test>", "<example.net!victim>", "501"},
    {"<a@example.test>", "<\"victim@example.net\">", "501"},
    {"<a@example.test>", "<victim%example.net>", "501"},
    {"<a@example.test>", "<victim@example.net@mail.example.test>", "501"},
    {"<a@example.test>", "<Postmaster>", "550"},
};

TEST_F(EnvelopeTest, NoOpenRelayProbeIsTakenFromAStranger) {
  Stranger();
  Talk talk = Greeted();
  for (const ProbeRow& row : kProbes) {
    EXPECT_THAT(talk.Ask(base::Cat("MAIL FROM:", row.sender)), StartsWith("250"));
    EXPECT_THAT(talk.Ask(base::Cat("RCPT TO:", row.recipient)),
                AnyOf(StartsWith("550 5.7.1 Unable to relay"), StartsWith("501 5.1.3")))
        << row.recipient;
    EXPECT_THAT(talk.Ask("DATA"), StartsWith("503 5.5.1")) << row.recipient;
    talk.Ask("RSET");
  }
  EXPECT_EQ(intake_.count(), 0u);
}

TEST_F(EnvelopeTest, TheSameAddressesArePlainOnesForAClientWithRights) {
  Talk talk = Greeted();
  for (const ProbeRow& row : kProbes) {
    talk.Ask(base::Cat("MAIL FROM:", row.sender));
    EXPECT_THAT(talk.Ask(base::Cat("RCPT TO:", row.recipient)), StartsWith(std::string(row.plain)))
        << row.recipient;
    talk.Ask("RSET");
  }
}

TEST_F(EnvelopeTest, ASourceRouteIsDroppedAndAPercentStays) {
  Talk talk = Greeted();
  talk.Ask("MAIL FROM:<a@example.test>");
  talk.Ask("RCPT TO:<@hop.example:one@example.net>");
  talk.Ask("RCPT TO:<two%example.org@example.net>");
  Deliver(talk);
  EXPECT_THAT(Recipients(), ElementsAre("one@example.net", "two%example.org@example.net"));
}

TEST_F(EnvelopeTest, ASnatAddressGivesNoRights) {
  listener_.snat_addresses = {Net("192.0.2.9")};
  Talk talk = Greeted();
  talk.Ask("MAIL FROM:<a@example.test>");
  EXPECT_THAT(talk.Ask("RCPT TO:<b@example.net>"), StartsWith("550 5.7.1"));
}

TEST_F(EnvelopeTest, AnAddressThatMayBeAnothersGivesNoRights) {
  client_.address_counts = false;
  Talk talk = Greeted();
  talk.Ask("MAIL FROM:<a@example.test>");
  EXPECT_THAT(talk.Ask("RCPT TO:<b@example.net>"), StartsWith("550 5.7.1"));
}

TEST_F(EnvelopeTest, ARepeatedRecipientIsKeptOnce) {
  Talk talk = Greeted();
  talk.Ask("MAIL FROM:<a@example.test>");
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 12; ++i) {
      EXPECT_THAT(talk.Ask(base::Cat("RCPT TO:<r", i, "@example.net>")), StartsWith("250"));
    }
  }
  Deliver(talk);
  EXPECT_EQ(Recipients().size(), 12u);
}

TEST_F(EnvelopeTest, ARepeatedRecipientKeepsWhatEitherAskedFor) {
  Talk talk = Greeted();
  talk.Ask("MAIL FROM:<a@example.test>");
  for (int i = 0; i < 12; ++i) {
    const std::string to = base::Cat("RCPT TO:<r", i, "@example.net>");
    EXPECT_THAT(talk.Ask(to + " NOTIFY=NEVER"), StartsWith("250"));
    EXPECT_THAT(talk.Ask(to + " NOTIFY=FAILURE ORCPT=rfc822;x@example.net"), StartsWith("250"));
    EXPECT_THAT(talk.Ask(to), StartsWith("250"));
  }
  Deliver(talk);
  ASSERT_EQ(Recipients().size(), 12u);
  for (const mail::Recipient& recipient : intake_.messages.at(0).message.envelope.recipients) {
    EXPECT_EQ(recipient.notify, mail::kNotifyFailure | mail::kNotifyDelay);
    EXPECT_EQ(recipient.orcpt, "rfc822;x@example.net");
  }
}

TEST_F(EnvelopeTest, TooManyRecipientsAreForAnotherTransaction) {
  rules_.policy.max_recipient_envelope_limit = 2;
  Talk talk = Greeted();
  talk.Ask("MAIL FROM:<a@example.test>");
  EXPECT_THAT(talk.Ask("RCPT TO:<b@example.net>"), StartsWith("250"));
  EXPECT_THAT(talk.Ask("RCPT TO:<c@example.net>"), StartsWith("250"));
  EXPECT_THAT(talk.Ask("RCPT TO:<d@example.net>"), StartsWith("452 4.5.3"));
  Deliver(talk);
  EXPECT_EQ(Recipients().size(), 2u);
}

TEST_F(EnvelopeTest, RatesAreHeldForEachAddress) {
  rules_.rates = {1, 2};
  Talk talk = Greeted();
  talk.Ask("MAIL FROM:<a@example.test>");
  EXPECT_THAT(talk.Ask("RCPT TO:<b@example.net>"), StartsWith("250"));
  EXPECT_THAT(talk.Ask("RCPT TO:<c@example.net>"), StartsWith("250"));
  EXPECT_THAT(talk.Ask("RCPT TO:<d@example.net>"), StartsWith("450 4.7.1"));
  talk.Ask("RSET");
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("450 4.7.1"));
  client_.address.address = Ip("192.0.2.10");
  Talk other = Greeted();
  EXPECT_THAT(other.Ask("MAIL FROM:<a@example.test>"), StartsWith("250"));
}

TEST_F(EnvelopeTest, EverythingTheSenderAskedForIsKept) {
  Talk talk = Greeted();
  talk.Ask("MAIL FROM: <a@example.test> BODY=8BITMIME RET=FULL ENVID=e+2B1 SMTPUTF8");
  talk.Ask("RCPT TO:<b@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c@example.net");
  Deliver(talk);
  const mail::Envelope& envelope = intake_.messages.at(0).message.envelope;
  EXPECT_EQ(envelope.sender, "a@example.test");
  EXPECT_EQ(envelope.body, mail::BodyType::k8BitMime);
  EXPECT_EQ(envelope.ret, mail::Ret::kFull);
  EXPECT_EQ(envelope.envid, "e+2B1");
  EXPECT_TRUE(envelope.smtputf8);
  EXPECT_EQ(envelope.recipients[0].notify, mail::kNotifySuccess | mail::kNotifyFailure);
  EXPECT_EQ(envelope.recipients[0].orcpt, "rfc822;c@example.net");
}

}  // namespace
}  // namespace postern::accept::testing
