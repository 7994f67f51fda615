#include "common/smtp/engine.h"
#include "tests/support/certificates.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedPeer;

class EngineHelloTest : public testing::EngineFixture {
 protected:
  EngineHelloTest() {
    const testing::CertificateFiles files = authority_.Issue(testing::ForHost("relay.test"));
    server_.Load(files.certificate_file, files.key_file).IgnoreError();
  }

  // The smart host, on a port where TLS begins at once.
  ScriptedPeer& Relay(int port = 465) {
    delivery_.route.dns_routing = false;
    delivery_.route.smart_hosts = {"relay.test"};
    delivery_.route.port = static_cast<std::uint16_t>(port);
    resolver_.A("relay.test", "192.0.2.9");
    return PeerAt("192.0.2.9:" + std::to_string(port));
  }

  testing::CertificateAuthority authority_;
  tls::ServerContext server_;
};

TEST_F(EngineHelloTest, AnOldPeerIsGreetedWithHelo) {
  for (const char* refusal : {"500 what", "502 5.5.1 no", "550 no"}) {
    ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING"}).Says("EHLO", refusal);
    delivery_.policy.messages_per_connection_max = 1;
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250")) << refusal;
    EXPECT_TRUE(outcome_.keywords.empty());
    EXPECT_EQ(peer.Heard("HELO"), peer.connections()) << refusal;
  }
}

TEST_F(EngineHelloTest, APeerThatClosesAtEhloIsGreetedWithHeloOnANewConnection) {
  ScriptedPeer& peer = Peer("192.0.2.1").DropsAfter("EHLO");
  delivery_.policy.messages_per_connection_max = 1;
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.connections(), 2);
  ASSERT_EQ(outcome_.hosts.size(), 2u);
  EXPECT_EQ(outcome_.hosts[0].stage, Stage::kHello);
  // It may have been of the moment.
  Deliver();
  EXPECT_EQ(peer.Heard("EHLO"), 2);
}

TEST_F(EngineHelloTest, APeerThatClosesAtHeloTooIsLeftForTheNextHost) {
  ScriptedPeer& first = Peer("192.0.2.1").DropsAfter("EHLO").DropsAfter("HELO");
  Peer("192.0.2.2");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(outcome_.recipients[0].host, "mx2.test");
  EXPECT_EQ(first.connections(), 2);
}

TEST_F(EngineHelloTest, WhatIsNoClosedConnectionIsNoReasonForHelo) {
  for (const char* answer : {"421 4.3.2 busy", "451 later", "hello", "250-a\r\n251 b"}) {
    ScriptedPeer& peer = Peer("192.0.2.1").Says("EHLO", answer);
    const int before = peer.connections();
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("connect 4.4.2")) << answer;
    EXPECT_EQ(peer.connections() - before, 1) << answer;
    EXPECT_EQ(peer.Heard("HELO"), 0) << answer;
  }
}

TEST_F(EngineHelloTest, WhereTlsIsRequiredNoHeloFollowsALostEhlo) {
  delivery_.policy.require_tls = true;
  ScriptedPeer& peer = Peer("192.0.2.1").StartsTls(server_).DropsAfter("EHLO");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2"));
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(EngineHelloTest, AConnectionLostUnderTlsIsNoReasonForHeloInClear) {
  ScriptedPeer& peer = Peer("192.0.2.1")
                           .StartsTls(server_)
                           .DropsAfter("EHLO")
                           .Says("EHLO", "250-a\r\n250 STARTTLS", 1);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2"));
  EXPECT_EQ(peer.connections(), 1);
  EXPECT_EQ(peer.Heard("HELO"), 0);
}

TEST_F(EngineHelloTest, ForceHeloSaysNoEhloAtAll) {
  delivery_.policy.force_helo = true;
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING"}).StartsTls(server_);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.Heard("EHLO"), 0);
  EXPECT_EQ(peer.Heard("STARTTLS"), 0);
  EXPECT_EQ(peer.Heard("HELO"), 1);
}

TEST_F(EngineHelloTest, WhatIsOfferedUnderTlsTakesThePlaceOfWhatWasBefore) {
  ScriptedPeer& peer =
      Peer("192.0.2.1")
          .StartsTls(server_)
          .Says("EHLO", "250-peer\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-SIZE 1\r\n250 STARTTLS",
                1);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_TRUE(outcome_.tls.has_value());
  EXPECT_TRUE(outcome_.keywords.empty());
  EXPECT_EQ(peer.Heard("BDAT"), 0);
  EXPECT_EQ(peer.Heard("EHLO"), 2);
}

TEST_F(EngineHelloTest, AnEhloRefusedUnderTlsIsFollowedByHeloUnderTls) {
  delivery_.policy.require_tls = true;
  ScriptedPeer& peer = Peer("192.0.2.1").StartsTls(server_).Says("EHLO", "502 what");
  peer.Says("EHLO", "250-peer\r\n250 STARTTLS", 1);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_TRUE(outcome_.tls.has_value());
}

TEST_F(EngineHelloTest, OnAPortOfTlsAloneTheHandshakeComesFirst) {
  ScriptedPeer& relay = Relay().BeginsWithTls(server_);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  ASSERT_TRUE(outcome_.tls.has_value());
  EXPECT_EQ(relay.Heard("EHLO"), 1);
  EXPECT_EQ(relay.Heard("STARTTLS"), 0);
  Deliver();
  EXPECT_TRUE(outcome_.session_reused);
}

TEST_F(EngineHelloTest, TlsFromTheBeginningIsTheTlsThatAConnectorRequires) {
  delivery_.policy.require_tls = true;
  delivery_.policy.force_helo = true;
  Relay().BeginsWithTls(server_);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
}

TEST_F(EngineHelloTest, StartTlsOfferedUnderTlsIsNotTaken) {
  ScriptedPeer& relay = Relay().BeginsWithTls(server_).Keywords({"STARTTLS"});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(relay.Heard("STARTTLS"), 0);
}

TEST_F(EngineHelloTest, OnAPortOfTlsAloneNothingIsEverSaidInClear) {
  ScriptedPeer& relay = Relay();
  for (const bool ignore : {false, true}) {
    delivery_.policy.ignore_start_tls = ignore;
    const int before = relay.connections();
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("tls-policy 4.7.5"));
    EXPECT_THAT(ErrorOf(), HasSubstr("relay.test: tls is required: "));
    EXPECT_EQ(relay.connections() - before, 1);
    EXPECT_EQ(relay.Heard("EHLO"), 0);
  }
}

TEST_F(EngineHelloTest, APortOfTlsAloneChecksTheCertificateAsTheConnectorSays) {
  delivery_.policy.tls_auth_level = TlsAuthLevel::kDomainValidation;
  tls::ClientContext trust;
  ASSERT_TRUE(trust.Load("", "", authority_.ca_file()).ok());
  tls_ = &trust;
  Relay().BeginsWithTls(server_);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  delivery_.policy.tls_domain = "other.test";
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("tls-policy 4.7.5"));
}

TEST_F(EngineHelloTest, WhichPortsAreOfTlsAloneIsASetting) {
  limits_.implicit_tls_ports = {4465};
  Relay(4465).BeginsWithTls(server_);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  ScriptedPeer& clear = Relay(465);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(clear.Heard("EHLO"), 1);
}

TEST_F(EngineHelloTest, AMailExchangerIsNeverSpokenToSo) {
  limits_.implicit_tls_ports = {25};
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.Heard("EHLO"), 1);
}

}  // namespace
}  // namespace postern::smtp
