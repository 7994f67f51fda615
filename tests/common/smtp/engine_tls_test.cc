#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "tests/support/certificates.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedPeer;

class EngineTlsTest : public testing::EngineFixture {
 protected:
  EngineTlsTest() {
    const testing::CertificateFiles files = authority_.Issue(testing::ForHost("mx1.test"));
    server_.Load(files.certificate_file, files.key_file).IgnoreError();
  }

  testing::CertificateAuthority authority_;
  tls::ServerContext server_;
};

TEST_F(EngineTlsTest, TlsIsUsedWhenItIsOffered) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING"}).StartsTls(server_);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  ASSERT_TRUE(outcome_.tls.has_value());
  EXPECT_EQ(outcome_.tls->version, "TLSv1.3");
  EXPECT_EQ(peer.Heard("EHLO"), 2);
  Deliver();
  EXPECT_TRUE(outcome_.session_reused);
  EXPECT_TRUE(outcome_.tls.has_value());
  EXPECT_EQ(peer.connections(), 1);
  EXPECT_EQ(counters().tls_connections.value(), 1u);
}

TEST_F(EngineTlsTest, LargeContentGoesThroughTls) {
  Content(std::string(900'000, 'x') + "\r\n");
  ScriptedPeer& peer = Peer("192.0.2.1").StartsTls(server_);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.mails().at(0).content, *content_);
}

TEST_F(EngineTlsTest, IgnoreStartTlsStaysInClear) {
  delivery_.policy.ignore_start_tls = true;
  ScriptedPeer& peer = Peer("192.0.2.1").StartsTls(server_);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_FALSE(outcome_.tls.has_value());
  EXPECT_EQ(peer.Heard("STARTTLS"), 0);
}

TEST_F(EngineTlsTest, RequiredTlsIsNeverGoneWithout) {
  delivery_.policy.require_tls = true;

  struct Row {
    std::string_view fact;
    std::function<void(ScriptedPeer&)> script;
    std::string_view result;
  };

  const Row rows[] = {
      {"not offered", [](ScriptedPeer&) {}, "tls-policy 4.7.4"},
      {"no EHLO", [](ScriptedPeer& p) { p.Says("EHLO", "502 what"); }, "tls-policy 4.7.4"},
      {"refused", [](ScriptedPeer& p) { p.BreaksTls().Says("STARTTLS", "454 4.7.0 not now"); },
       "tls-policy 4.7.4"},
      {"broken", [](ScriptedPeer& p) { p.BreaksTls(); }, "tls-policy 4.7.5"},
      {"injected", [](ScriptedPeer& p) { p.BreaksTls().Says("STARTTLS", "220 go\r\n250 x"); },
       "tls-policy 4.7.5"},
  };
  int number = 0;
  for (const Row& row : rows) {
    const std::string address = "198.51.100." + std::to_string(++number);
    ScriptedPeer& peer = PeerAt(address + ":25");
    row.script(peer);
    delivery_.route.domain = "[" + address + "]";
    Deliver();
    EXPECT_THAT(Results(), ElementsAre(row.result)) << row.fact;
    EXPECT_EQ(peer.Heard("MAIL"), 0) << row.fact;
    EXPECT_EQ(peer.connections(), 1) << row.fact;
  }
}

TEST_F(EngineTlsTest, ABrokenHandshakeIsRetriedInClearAndRemembered) {
  ScriptedPeer& peer = Peer("192.0.2.1").BreaksTls();
  delivery_.policy.messages_per_connection_max = 1;
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.connections(), 2);
  EXPECT_EQ(outcome_.hosts.size(), 2u);
  EXPECT_EQ(outcome_.hosts[0].stage, Stage::kTls);
  Deliver();
  EXPECT_EQ(peer.connections(), 3);
  EXPECT_EQ(peer.Heard("STARTTLS"), 1);
  EXPECT_EQ(counters().tls_fallbacks.value(), 1u);
}

TEST_F(EngineTlsTest, ARefusedStartTlsGoesOnInClear) {
  ScriptedPeer& peer = Peer("192.0.2.1").BreaksTls().Says("STARTTLS", "454 4.7.0 not now");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.connections(), 1);
}

// It is our clear session that it refuses, not the message.
TEST_F(EngineTlsTest, AHostThatInsistsOnTheTlsThatBrokeGetsTheMailLater) {
  for (const char* refusal :
       {"530 5.7.0 Must issue a STARTTLS command first", "554 5.7.10 encryption needed"}) {
    for (const bool handshake : {true, false}) {
      SCOPED_TRACE(base::Cat(refusal, handshake ? ", broken" : ", refused"));
      ScriptedPeer& peer = Peer("192.0.2.1").BreaksTls().Says("MAIL", refusal, 1);
      if (!handshake) peer.Says("STARTTLS", "454 4.7.0 not now", 1);
      Deliver();
      EXPECT_THAT(Results(), ElementsAre("connect 4.7.4"));
      EXPECT_THAT(ErrorOf(), HasSubstr(refusal));
      const int asked = peer.Heard("STARTTLS");
      Deliver();
      EXPECT_EQ(peer.Heard("STARTTLS"), asked + 1) << "it is not remembered";
      EXPECT_THAT(Results(), ElementsAre("250"));
      delivery_.policy.version += "x";  // sessions and addresses of its own
    }
  }
}

TEST_F(EngineTlsTest, AHostThatInsistsOnTlsIsBelievedWhereNoneWasTried) {
  Peer("192.0.2.1").StartsTls(server_).Says("MAIL", "530 5.7.0 Must issue STARTTLS first");
  delivery_.policy.ignore_start_tls = true;
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("530"));
}

TEST_F(EngineTlsTest, WordsInjectedBeforeTheHandshakeBreakTheSession) {
  ScriptedPeer& first = Peer("192.0.2.1").StartsTls(server_);
  first.Says("STARTTLS", "220 go\r\n250-x\r\n250 PIPELINING");
  Peer("192.0.2.2");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(outcome_.recipients[0].host, "mx2.test");
  EXPECT_EQ(first.Heard("MAIL"), 0);
}

TEST_F(EngineTlsTest, RequiredAndOpportunisticDoNotShareSessions) {
  ScriptedPeer& peer = Peer("192.0.2.1").StartsTls(server_);
  Deliver();
  delivery_.policy.require_tls = true;
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.connections(), 2);
}

}  // namespace
}  // namespace postern::smtp
