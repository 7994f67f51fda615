#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "tests/support/certificates.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/fake_clock.h"

namespace postern::smtp {
namespace {

namespace fs = std::filesystem;
using testing::CertificateRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedPeer;

constexpr char kPlainResponse[] = "AGFwcABjb3JyZWN0IGhvcnNl";  // \0app\0correct horse

// A smart host that must be logged in to, behind TLS and a certificate of its own.
class LoginTest : public testing::EngineFixture {
 protected:
  LoginTest() {
    fs::create_directories(ca_.folder() + "/secrets/relay");
    Secret("app", "correct horse");
    stores_.credentials = &credentials_;
    EXPECT_TRUE(trust_.Load("", "", ca_.ca_file()).ok());
    tls_ = &trust_;
    delivery_.route.dns_routing = false;
    delivery_.route.smart_hosts = {"relay.test"};
    delivery_.route.domain = "relay.test";
    delivery_.policy.auth = SmartHostAuth::kBasicAuth;
    delivery_.policy.credential = "relay";
    resolver_.A("relay.test", "192.0.2.1");
    Certificate(testing::ForHost("relay.test"));
  }

  void Secret(const std::string& username, const std::string& password) {
    for (const auto& [file, text] : {std::pair("username", username), {"password", password}}) {
      const std::string path = base::Cat(ca_.folder(), "/secrets/relay/", file);
      std::ofstream(path + ".new") << text;
      fs::rename(path + ".new", path);
    }
  }

  void Certificate(const testing::CertificateRequest& request) {
    const auto files = ca_.Issue(request);
    EXPECT_TRUE(server_.Load(files.certificate_file, files.key_file).ok());
  }

  ScriptedPeer& Relay() { return PeerAt("192.0.2.1:25"); }

  // Offers PLAIN, and takes the right response only.
  ScriptedPeer& TakesPlain() {
    return Relay()
        .Keywords({"AUTH LOGIN PLAIN"})
        .Says("AUTH", "535 5.7.8 no")
        .Says(base::Cat("AUTH PLAIN ", kPlainResponse), "235 2.7.0 yes");
  }

  testing::CertificateAuthority ca_;
  io::DiskPool disk_{1};
  testing::FakeClock clock_;
  CredentialStore credentials_{ca_.folder() + "/secrets", disk_, clock_};
  tls::ClientContext trust_;
  tls::ServerContext server_;
};

TEST_F(LoginTest, MailGoesOutAfterTheLogin) {
  TakesPlain();
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(Relay().Heard("AUTH"), 1);
  Deliver();
  EXPECT_TRUE(outcome_.session_reused);
  EXPECT_EQ(Relay().Heard("AUTH"), 1);
}

TEST_F(LoginTest, LoginGoesInThreeSteps) {
  Relay()
      .Keywords({"AUTH LOGIN"})
      .Says("AUTH LOGIN", "334 VXNlcm5hbWU6")
      .Says("YXBw", "334 UGFzc3dvcmQ6")
      .Says("Y29ycmVjdCBob3JzZQ==", "235 2.7.0 yes");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
}

TEST_F(LoginTest, AServerThatAsksForThePlainResponseGetsIt) {
  Relay().Keywords({"AUTH PLAIN"}).Says("AUTH PLAIN", "334 ").Says(kPlainResponse, "235 2.7.0 yes");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
}

// Without the login nothing is sent; the queue waits with the reason.
TEST_F(LoginTest, NothingIsSentWithoutTheLogin) {
  struct Row {
    std::string_view fact;
    std::function<void(ScriptedPeer&)> script;
    std::string_view result;
    std::string_view words;
  };

  const Row rows[] = {
      {"none is offered", [](ScriptedPeer&) {}, "tls-policy 4.7.4", "the peer offers none"},
      {"none that we know", [](ScriptedPeer& p) { p.Keywords({"AUTH GSSAPI NTLM"}); },
       "tls-policy 4.7.4", "offers only GSSAPI NTLM"},
      {"no EHLO", [](ScriptedPeer& p) { p.Says("EHLO", "502 what"); }, "tls-policy 4.7.4",
       "offers none"},
      {"535",
       [](ScriptedPeer& p) { p.Keywords({"AUTH PLAIN"}).Says("AUTH", "535 5.7.8 bad password"); },
       "tls-policy 4.7.8", "authentication by PLAIN is refused: 535 5.7.8 bad password"},
      {"454", [](ScriptedPeer& p) { p.Keywords({"AUTH PLAIN"}).Says("AUTH", "454 4.7.0 later"); },
       "tls-policy 4.7.8", "454 4.7.0 later"},
      {"a challenge that is no base64",
       [](ScriptedPeer& p) {
         p.Keywords({"AUTH LOGIN"}).Says("AUTH", "334 ???").Says("*", "501 5.5.4 well");
       },
       "tls-policy 4.7.8", "501 5.5.4 well"},
      {"challenges without end",
       [](ScriptedPeer& p) {
         p.Keywords({"AUTH LOGIN"}).Says("AUTH", "334 ").Says("Y", "334 ").Says("*", "334 ");
       },
       "tls-policy 4.7.8", "334"},
      {"421", [](ScriptedPeer& p) { p.Keywords({"AUTH PLAIN"}).SaysAndDrops("AUTH", "421 bye"); },
       "connect 4.4.2", "421 bye"},
      {"lost", [](ScriptedPeer& p) { p.Keywords({"AUTH PLAIN"}).DropsAfter("AUTH"); },
       "connect 4.4.2", "closed"},
  };
  int number = 1;
  for (const Row& row : rows) {
    const std::string address = base::Cat("192.0.2.", ++number);
    const std::string host = base::Cat("relay", number, ".test");
    resolver_.A(host, address);
    delivery_.route.smart_hosts = {host};
    ScriptedPeer& peer = PeerAt(address + ":25");
    row.script(peer);
    Deliver();
    EXPECT_THAT(Results(), ElementsAre(row.result)) << row.fact;
    EXPECT_THAT(ErrorOf(), HasSubstr(std::string(row.words))) << row.fact;
    EXPECT_THAT(ErrorOf(), Not(HasSubstr("horse"))) << row.fact;
    EXPECT_EQ(peer.Heard("MAIL"), 0) << row.fact;
  }
  EXPECT_EQ(outcome_.hosts.back().stage, Stage::kAuth);
}

TEST_F(LoginTest, ARefusalIsKeptAsTheHostSaidIt) {
  Relay().Keywords({"AUTH PLAIN"}).Says("AUTH", "535 5.7.8 bad password");
  Deliver();
  ASSERT_TRUE(outcome_.hosts.back().reply.has_value());
  EXPECT_EQ(outcome_.hosts.back().reply->ToString(), "535 5.7.8 bad password");
  EXPECT_EQ(counters().security_refusals.value(), 1u);
}

TEST_F(LoginTest, ARefusedStartTlsIsNoReasonForAPasswordInClear) {
  for (const char* refusal : {"454 4.7.0 not now", "554 5.7.3 never"}) {
    TakesPlain().BreaksTls().Says("STARTTLS", refusal);
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("tls-policy 4.7.4")) << refusal;
    EXPECT_EQ(Relay().Heard("AUTH"), 0);
  }
}

TEST_F(LoginTest, ASecretThatIsNotThereAsksNobody) {
  delivery_.policy.credential = "gone";
  TakesPlain();
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("tls-policy 4.7.0"));
  EXPECT_THAT(ErrorOf(), HasSubstr("secret gone: cannot read"));
  EXPECT_EQ(Relay().connections(), 0);
  EXPECT_EQ(resolver_.questions(), 0);
}

TEST_F(LoginTest, WithoutAFolderOfSecretsTheReasonSaysSo) {
  stores_.credentials = nullptr;
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("tls-policy 4.7.0"));
  EXPECT_THAT(ErrorOf(), HasSubstr("no folder of secrets"));
}

TEST_F(LoginTest, AChangedPasswordRetiresTheSessionsThatTheOldOneOpened) {
  TakesPlain();
  Deliver();
  Secret("app", "battery staple");
  clock_.Advance(kCredentialLook);
  Relay().Says("AUTH PLAIN AGFwcABiYXR0ZXJ5IHN0YXBsZQ==", "235 2.7.0 yes");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_FALSE(outcome_.session_reused);
  EXPECT_EQ(Relay().connections(), 2);
}

TEST_F(LoginTest, ALoginServesTheNameThatItWasMadeFor) {
  TakesPlain();
  Deliver();
  resolver_.A("other.test", "192.0.2.1");
  delivery_.route.smart_hosts = {"other.test"};
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_FALSE(outcome_.session_reused);
  EXPECT_EQ(Relay().Heard("AUTH"), 2);
}

TEST_F(LoginTest, APasswordIsNotSaidInClearWhereTlsIsOfferedAndBroken) {
  TakesPlain().BreaksTls();
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2"));
  EXPECT_EQ(Relay().Heard("AUTH"), 0);
  EXPECT_EQ(counters().tls_fallbacks.value(), 0u);
}

TEST_F(LoginTest, BasicAuthRequireTlsChecksTheSmartHostsOwnName) {
  delivery_.policy.auth = SmartHostAuth::kBasicAuthRequireTls;

  struct Row {
    std::string_view fact;
    CertificateRequest certificate;
    std::string_view result;
  };

  const Row rows[] = {
      {"its name", testing::ForHost("relay.test"), "250"},
      {"another name", testing::ForHost("other.test"), "tls-policy 4.7.5"},
      {"out of date", testing::Expired("relay.test"), "tls-policy 4.7.5"},
  };
  TakesPlain().StartsTls(server_);
  delivery_.policy.messages_per_connection_max = 1;
  for (const Row& row : rows) {
    Certificate(row.certificate);
    const int logins = Relay().Heard("AUTH");
    Deliver();
    EXPECT_THAT(Results(), ElementsAre(row.result)) << row.fact;
    EXPECT_EQ(Relay().Heard("AUTH") - logins, row.result == "250" ? 1 : 0) << row.fact;
  }
}

TEST_F(LoginTest, BasicAuthRequireTlsNeverLogsInInClear) {
  delivery_.policy.auth = SmartHostAuth::kBasicAuthRequireTls;
  TakesPlain();
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("tls-policy 4.7.4"));
  EXPECT_EQ(Relay().Heard("AUTH"), 0);
}

TEST_F(LoginTest, TheNameInTheConnectorCountsNotTheExchangerBehindIt) {
  delivery_.policy.auth = SmartHostAuth::kBasicAuthRequireTls;
  delivery_.route.smart_hosts = {"service.test"};
  resolver_.Mx("service.test", {{10, "relay.test"}});
  TakesPlain().StartsTls(server_);
  Deliver();
  EXPECT_THAT(ErrorOf(), HasSubstr("looked for service.test, the certificate is for relay.test"));
  testing::CertificateRequest both = testing::ForHost("relay.test");
  both.dns_names.push_back("service.test");
  Certificate(both);
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
}

TEST_F(LoginTest, NoSecretStandsInTheProtocolLog) {
  observe::CsvLogOptions options;
  options.folder = ca_.folder() + "/logs";
  options.prefix = "SEND";
  ProtocolLog log(*observe::CsvLog::Open(options));
  stores_.protocol_log = &log;
  delivery_.policy.protocol_log = true;
  delivery_.policy.auth = SmartHostAuth::kBasicAuthRequireTls;
  for (const bool login : {false, true}) {
    if (login) {
      Relay()
          .Keywords({"AUTH LOGIN"})
          .Says("AUTH LOGIN", "334 VXNlcm5hbWU6")
          .Says("YXBw", "334 UGFzc3dvcmQ6")
          .Says("Y29ycmVjdCBob3JzZQ==", "235 2.7.0 yes");
    } else {
      TakesPlain().StartsTls(server_);
    }
    delivery_.policy.messages_per_connection_max = 1;
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250"));
  }
  log.Flush();
  std::ostringstream all;
  for (const auto& file : fs::directory_iterator(options.folder))
    all << std::ifstream(file.path()).rdbuf();
  for (const char* secret : {kPlainResponse, "Y29ycmVjdCBob3JzZQ==", "YXBw", "horse", "hello"}) {
    EXPECT_THAT(all.str(), Not(HasSubstr(secret)));
  }
  for (const char* line :
       {",*,,attempting to connect", ",+,,", "<,220 peer.test ESMTP,", ">,STARTTLS,",
        ",*,\"TLSv1.3 ", ",TLS negotiated", ",*,,Received certificate",
        ",*,CN=relay.test,Certificate subject", ">,AUTH PLAIN ****,", "<,235 2.7.0 yes,",
        ">,AUTH LOGIN,", ">,****,", ",*,None,Set Session Permissions of AnonymousLogon",
        ">,MAIL FROM:<ann@a.test>", ">,RCPT TO:<bob@example.test>,", ">,DATA,",
        "<,250 2.0.0 taken,", ">,QUIT,", ",-,,Local"}) {
    EXPECT_THAT(all.str(), HasSubstr(line));
  }
}

}  // namespace
}  // namespace postern::smtp
