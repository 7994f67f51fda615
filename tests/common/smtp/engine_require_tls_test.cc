#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "tests/support/certificates.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedPeer;

// A message with REQUIRETLS to a domain whose exchangers show certificates of their names.
class EngineRequireTlsTest : public testing::EngineFixture {
 protected:
  EngineRequireTlsTest() {
    EXPECT_TRUE(trust_.Load("", "", ca_.ca_file()).ok());
    tls_ = &trust_;
    delivery_.envelope.require_tls = true;
  }

  // The next exchanger: "mx1.test" has 192.0.2.1.
  ScriptedPeer& Exchanger(const std::vector<std::string>& keywords, std::string name = "") {
    const std::string number = std::to_string(peers_.size() + 1);
    if (name.empty()) name = base::Cat("mx", number, ".test");
    const testing::CertificateFiles files = ca_.Issue(testing::ForHost(name));
    servers_.push_back(std::make_unique<tls::ServerContext>());
    EXPECT_TRUE(servers_.back()->Load(files.certificate_file, files.key_file).ok());
    return Peer("192.0.2." + number).Keywords(keywords).StartsTls(*servers_.back());
  }

  testing::CertificateAuthority ca_;
  tls::ClientContext trust_;
  std::vector<std::unique_ptr<tls::ServerContext>> servers_;
};

TEST_F(EngineRequireTlsTest, TheKeywordIsSentWhereItIsOffered) {
  ScriptedPeer& peer = Exchanger({"REQUIRETLS", "PIPELINING"});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_TRUE(outcome_.tls->verified);
  EXPECT_THAT(peer.heard(), Contains("MAIL FROM:<ann@a.test> REQUIRETLS"));
}

TEST_F(EngineRequireTlsTest, OtherMessagesGoWithoutTheKeyword) {
  delivery_.envelope.require_tls = false;
  ScriptedPeer& peer = Exchanger({"REQUIRETLS"});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_THAT(peer.heard(), Contains("MAIL FROM:<ann@a.test>"));
}

TEST_F(EngineRequireTlsTest, AHostThatDoesNotOfferItIsPassedOver) {
  ScriptedPeer& first = Exchanger({});
  ScriptedPeer& second = Exchanger({"REQUIRETLS"});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(outcome_.recipients[0].host, "mx2.test");
  EXPECT_EQ(first.Heard("MAIL"), 0);
  EXPECT_EQ(second.mails().size(), 1u);
}

TEST_F(EngineRequireTlsTest, WhenNoHostOffersItTheMessageIsReturned) {
  ScriptedPeer& first = Exchanger({});
  ScriptedPeer& second = Exchanger({"SIZE 10"});
  To("bob@example.test");
  To("carl@example.test");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 5.7.30", "local 5.7.30"));
  EXPECT_EQ(ErrorOf(),
            "REQUIRETLS support required: 2 of 2 addresses do not offer it, the last one is of "
            "mx2.test");
  EXPECT_EQ(first.Heard("MAIL") + second.Heard("MAIL"), 0);
  EXPECT_EQ(counters().security_refusals.value(), 2u);
}

TEST_F(EngineRequireTlsTest, TheVerdictIsOfThoseThatMayBeTried) {
  limits_.hosts_max = 2;
  Exchanger({});
  Exchanger({});
  ScriptedPeer& third = Exchanger({});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 5.7.30"));
  EXPECT_EQ(third.connections(), 0);
}

TEST_F(EngineRequireTlsTest, WithoutTlsNothingIsSent) {
  struct Row {
    std::string_view fact;
    std::function<void(ScriptedPeer&)> script;
    std::string_view result;
  };

  const Row rows[] = {
      {"no STARTTLS", [](ScriptedPeer& p) { p.Keywords({"REQUIRETLS"}); }, "local 5.7.30"},
      {"no EHLO", [](ScriptedPeer& p) { p.Says("EHLO", "502 what"); }, "local 5.7.30"},
      {"not now", [](ScriptedPeer& p) { p.BreaksTls().Says("STARTTLS", "454 4.7.0 not now"); },
       "local 4.7.4"},
      {"broken", [](ScriptedPeer& p) { p.BreaksTls(); }, "local 4.7.5"},
  };
  int number = 0;
  for (const Row& row : rows) {
    const std::string address = base::Cat("198.51.100.", ++number);
    ScriptedPeer& peer = PeerAt(address + ":25");
    row.script(peer);
    delivery_.route.domain = base::Cat("[", address, "]");
    Deliver();
    EXPECT_THAT(Results(), ElementsAre(row.result)) << row.fact << ": " << ErrorOf();
    EXPECT_EQ(peer.Heard("MAIL"), 0) << row.fact;
    EXPECT_EQ(peer.connections(), 1) << row.fact;
  }
  EXPECT_EQ(counters().tls_fallbacks.value(), 0u);
}

TEST_F(EngineRequireTlsTest, TheKeywordInClearIsNotAnOffer) {
  ScriptedPeer& peer = Exchanger({});
  peer.Says("EHLO", "250-mx1.test\r\n250-STARTTLS\r\n250 REQUIRETLS", 1);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 5.7.30"));
  EXPECT_EQ(peer.Heard("EHLO"), 2);
  EXPECT_EQ(peer.Heard("MAIL"), 0);
}

TEST_F(EngineRequireTlsTest, IgnoreStartTlsDoesNotSendItInClear) {
  delivery_.policy.ignore_start_tls = true;
  Exchanger({"REQUIRETLS"});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_TRUE(outcome_.tls.has_value());
}

TEST_F(EngineRequireTlsTest, TheCertificateMustBeOfTheHost) {
  ScriptedPeer& peer = Exchanger({"REQUIRETLS"}, "other.test");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 4.7.5"));
  EXPECT_THAT(ErrorOf(), HasSubstr("looked for mx1.test, the certificate is for other.test"));
  EXPECT_EQ(peer.Heard("MAIL"), 0);
}

TEST_F(EngineRequireTlsTest, AHostThatCannotBeAskedMayStillOfferIt) {
  Exchanger({});
  Peer("192.0.2.2").Refuses();
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 4.7.30"));
  EXPECT_THAT(ErrorOf(), HasSubstr("1 of 2 addresses"));
}

TEST_F(EngineRequireTlsTest, AHostThatCannotBeLookedUpMayStillOfferIt) {
  Peer("192.0.2.1").Refuses();
  Exchanger({});
  resolver_.Timeout("mx1.test");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 4.7.30"));
  EXPECT_THAT(ErrorOf(), HasSubstr("1 of 1 addresses"));
}

TEST_F(EngineRequireTlsTest, ForceHeloIsNoAnswerOfTheHosts) {
  Exchanger({"REQUIRETLS"});
  delivery_.policy.force_helo = true;
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 4.7.4"));
  EXPECT_EQ(outcome_.hosts.at(0).stage, Stage::kTls);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "");
}

TEST_F(EngineRequireTlsTest, TheWordsOfAHostThatOffersItStand) {
  Exchanger({"REQUIRETLS"}).Says("MAIL", "451 4.3.0 later");
  Exchanger({});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("451"));
}

TEST_F(EngineRequireTlsTest, ItsSessionIsNotOneThatProvedLess) {
  ScriptedPeer& peer = Exchanger({"REQUIRETLS"});
  delivery_.envelope.require_tls = false;
  Deliver();
  delivery_.envelope.require_tls = true;
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_FALSE(outcome_.session_reused);
  Deliver();
  EXPECT_TRUE(outcome_.session_reused);
  EXPECT_EQ(peer.connections(), 2);
}

TEST_F(EngineRequireTlsTest, ABouncePrefersAHostThatOffersIt) {
  delivery_.envelope.sender.clear();
  ScriptedPeer& first = Exchanger({});
  ScriptedPeer& second = Exchanger({"REQUIRETLS"});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(first.Heard("MAIL"), 0);
  EXPECT_THAT(second.heard(), Contains("MAIL FROM:<> REQUIRETLS"));
}

TEST_F(EngineRequireTlsTest, ABounceIsNotLostWhereNobodyOffersIt) {
  delivery_.envelope.sender.clear();
  ScriptedPeer& first = Exchanger({}, "other.test");
  ScriptedPeer& second = Exchanger({});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_THAT(first.heard(), Contains("MAIL FROM:<>"));
  EXPECT_EQ(second.Heard("MAIL"), 0);
}

TEST_F(EngineRequireTlsTest, ABounceThatWentWithoutAndWasPutOffIsTriedAgain) {
  delivery_.envelope.sender.clear();
  ScriptedPeer& peer = Exchanger({}).Says("MAIL", "421 4.3.2 too many connections");
  Deliver();
  EXPECT_EQ(peer.Heard("MAIL"), 1);
  EXPECT_THAT(outcome_.recipients[0].error.ToString(), HasSubstr("too many connections"));
  EXPECT_NE(outcome_.recipients[0].enhanced.klass, 5);
}

TEST_F(EngineRequireTlsTest, ABounceThatAHostPutsOffDoesNotGoWithout) {
  delivery_.envelope.sender.clear();
  Exchanger({"REQUIRETLS"}).Says("MAIL", "451 4.3.0 later");
  ScriptedPeer& second = Exchanger({});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("451"));
  EXPECT_EQ(second.Heard("MAIL"), 0);
}

}  // namespace
}  // namespace postern::smtp
