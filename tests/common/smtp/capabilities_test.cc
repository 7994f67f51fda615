#include "common/smtp/capabilities.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/smtp/reply_parser.h"

namespace postern::smtp {
namespace {

TEST(CapabilitiesTest, EveryKeywordIsKnownInAnyCase) {
  const auto reply = ParseReply(
      "250-mx.test greets you\r\n250-pipelining\r\n250-SIZE 1000\r\n250-8bitmime\r\n250-DSN\r\n"
      "250-CHUNKING\r\n250-SMTPUTF8\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n"
      "250 AUTH PLAIN login\r\n");
  const Capabilities peer = Capabilities::Parse(*reply);
  EXPECT_TRUE(peer.pipelining && peer.size && peer.eight_bit_mime && peer.dsn && peer.chunking);
  EXPECT_TRUE(peer.smtputf8 && peer.starttls && peer.enhanced_status_codes);
  EXPECT_EQ(peer.size_max, 1000u);
  EXPECT_THAT(peer.auth, ::testing::ElementsAre("PLAIN", "LOGIN"));
  EXPECT_EQ(peer.keywords.size(), 9u);
}

TEST(CapabilitiesTest, RequireTlsIsForMailParametersToo) {
  const Capabilities peer = Capabilities::Parse(*ParseReply("250-x\r\n250 requiretls\r\n"));
  EXPECT_TRUE(peer.require_tls);
  EXPECT_TRUE(peer.Features(1).require_tls);
  EXPECT_FALSE(Capabilities().Features(1).require_tls);
}

TEST(CapabilitiesTest, ThePeersNameIsNotAKeyword) {
  const Capabilities peer = Capabilities::Parse(*ParseReply("250 PIPELINING\r\n"));
  EXPECT_FALSE(peer.pipelining);
  EXPECT_TRUE(peer.keywords.empty());
}

TEST(CapabilitiesTest, SizeWithoutANumberIsNoLimit) {
  const Capabilities peer =
      Capabilities::Parse(*ParseReply("250-x\r\n250-SIZE\r\n250 AUTH=LOGIN\r\n"));
  EXPECT_TRUE(peer.size);
  EXPECT_EQ(peer.size_max, 0u);
  EXPECT_THAT(peer.auth, ::testing::ElementsAre("LOGIN"));
}

TEST(CapabilitiesTest, LimitsAreNumbersFromOneToSixDigits) {
  const Capabilities peer = Capabilities::Parse(*ParseReply(
      "250-x\r\n250 LIMITS mailmax=20 FOO=3 RCPTMAX=999999 RCPTDOMAINMAX=1 RCPTMAX=50\r\n"));
  EXPECT_EQ(peer.messages_max, 20u);
  EXPECT_EQ(peer.recipients_max, 50u);
  EXPECT_EQ(peer.recipient_domains_max, 1u);
  const Capabilities odd = Capabilities::Parse(
      *ParseReply("250-x\r\n250 LIMITS MAILMAX=0 RCPTMAX=1000000 RCPTDOMAINMAX=+1 RCPTMAX\r\n"));
  EXPECT_EQ(odd.messages_max + odd.recipients_max + odd.recipient_domains_max, 0u);
}

TEST(CapabilitiesTest, KeywordsAreBounded) {
  std::string text = "250-x\r\n";
  for (int i = 0; i < 100; ++i)
    text += "250-X" + std::to_string(i) + "\r\n";
  const Capabilities peer = Capabilities::Parse(*ParseReply(text + "250 DSN\r\n"));
  EXPECT_EQ(peer.keywords.size(), 64u);
}

}  // namespace
}  // namespace postern::smtp
