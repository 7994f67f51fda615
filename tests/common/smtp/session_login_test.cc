#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "common/tls/digest.h"
#include "common/tls/keyed_digest.h"
#include "tests/support/certificates.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/fake_clock.h"

namespace postern::smtp {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedPeer;

constexpr char kPencil[] = "AHVzZXIAcGVuY2ls";  // \0user\0pencil
constexpr char kToken[] = "ya29.token";

std::string DecodedWord(const std::string& line, std::size_t word) {
  const auto words = base::Split(line, ' ');
  return words.size() > word ? base::FromBase64(words[word]).value_or("") : "";
}

std::string Challenge(std::string_view text) {
  return base::Cat("334 ", base::Base64(text));
}

// The server's side of SCRAM-SHA-256, by the formulas of RFC 5802 §3.
struct ScramServer {
  std::string password = "pencil";
  std::string nonce_end = "srv";
  int rounds = 4096;
  bool knows_password = true;
  std::string client_first;  // without its header
  std::string server_first;
  std::string said;  // the proof is right

  std::string First(const std::string& line) {
    client_first = DecodedWord(line, 2).substr(3);
    const std::string nonce = client_first.substr(client_first.find("r=") + 2);
    server_first = base::Cat("r=", nonce, nonce_end, ",s=", base::Base64("salt"), ",i=", rounds);
    return Challenge(server_first);
  }

  std::string Final(const std::string& line) {
    const std::string client_final = DecodedWord(line, 0);
    const std::size_t proof_at = client_final.find(",p=");
    const std::string exchanged =
        base::Cat(client_first, ",", server_first, ",", client_final.substr(0, proof_at));
    const std::string salted =
        tls::Pbkdf2Sha256(password, "salt", static_cast<std::uint32_t>(rounds));
    tls::Sha256 stored;
    stored.Update(tls::HmacSha256(salted, "Client Key"));
    const std::string signature = tls::HmacSha256(stored.Finish(), exchanged);
    std::string key = base::FromBase64(client_final.substr(proof_at + 3)).value_or("");
    for (std::size_t i = 0; i < key.size(); ++i)
      key[i] = static_cast<char>(key[i] ^ signature[i]);
    if (key != tls::HmacSha256(salted, "Client Key")) return "535 5.7.8 wrong proof";
    const std::string server_key = tls::HmacSha256(salted, knows_password ? "Server Key" : "x");
    return Challenge(base::Cat("v=", base::Base64(tls::HmacSha256(server_key, exchanged))));
  }
};

// A smart host that must be logged in to with what the secret holds.
class MechanismTest : public testing::EngineFixture {
 protected:
  MechanismTest() {
    fs::create_directories(ca_.folder() + "/secrets/relay");
    Put("username", "user");
    Put("password", "pencil");
    stores_.credentials = &credentials_;
    const auto files = ca_.Issue(testing::ForHost("relay.test"));
    EXPECT_TRUE(server_.Load(files.certificate_file, files.key_file).ok());
    delivery_.route.dns_routing = false;
    delivery_.policy.auth = SmartHostAuth::kBasicAuth;
    delivery_.policy.credential = "relay";
    delivery_.policy.messages_per_connection_max = 1;
    NextRelay();
  }

  // Goes on with a smart host of which nothing is written yet.
  void NextRelay() {
    address_ = base::Cat("192.0.2.", ++relays_);
    const std::string host = base::Cat("relay", relays_, ".test");
    resolver_.A(host, address_);
    delivery_.route.smart_hosts = {host};
  }

  void Put(const std::string& file, const std::string& text) {
    std::ofstream(ca_.folder() + "/secrets/relay/" + file) << text;
    clock_.Advance(kCredentialLook);
  }

  void TokenAlone() {
    Put("token", kToken);
    fs::remove(ca_.folder() + "/secrets/relay/password");
  }

  ScriptedPeer& Relay() { return PeerAt(address_ + ":25"); }

  ScriptedPeer& Scrams(std::string keyword = "AUTH SCRAM-SHA-256 PLAIN") {
    return Relay()
        .Keywords({std::move(keyword)})
        .Says("AUTH PLAIN", "235 2.7.0 in")
        .Answers("AUTH SCRAM-SHA-256", [this](const auto& line) { return scram_.First(line); })
        .Answers("Yz1i", [this](const auto& line) { return scram_.Final(line); })
        .Says("empty", "235 2.7.0 in")
        .Says("*", "501 5.5.4 well");
  }

  std::string Delivered() {
    Deliver();
    return ResultOf(0);
  }

  testing::CertificateAuthority ca_;
  io::DiskPool disk_{1};
  testing::FakeClock clock_;
  CredentialStore credentials_{ca_.folder() + "/secrets", disk_, clock_};
  tls::ServerContext server_;
  int relays_ = 0;
  std::string address_;
  ScramServer scram_;
};

TEST_F(MechanismTest, BothSidesProveThePasswordByScram) {
  Scrams();
  EXPECT_EQ(Delivered(), "250") << ErrorOf();
  EXPECT_EQ(Relay().Heard("AUTH"), 1);
  scram_.rounds = 50'000;
  EXPECT_EQ(Delivered(), "250") << ErrorOf();
}

// Nothing is sent, and the next mechanism would show the password to an impostor.
TEST_F(MechanismTest, AScramServerThatDoesNotProveItselfEndsTheLogin) {
  struct Row {
    std::string_view fact;
    std::function<void()> script;
    std::string_view words;
  };

  const Row rows[] = {
      {"a wrong signature", [this] { scram_.knows_password = false; },
       "broken off, the server does not know the password: 501 5.5.4 well"},
      {"a short cut", [this] { Relay().Says("Yz1i", "235 2.7.0 in"); },
       "is void: the server has not proved that it knows the password"},
      {"at once", [this] { Relay().Says("AUTH SCRAM", "235 2.7.0 in"); }, "is void"},
      {"in spite of all",
       [this] {
         scram_.knows_password = false;
         Relay().Says("*", "235 2.7.0 in");
       },
       "broken off"},
      {"few rounds", [this] { scram_.rounds = 1; }, "the server wants 1 rounds"},
      {"an old nonce", [this] { scram_.nonce_end = ""; }, "no answer to ours"},
      {"another password", [this] { scram_.password = "x"; }, "refused: 535 5.7.8 wrong proof"},
      {"a refusal that names the mechanism, too late",
       [this] {
         scram_.rounds = 1;
         Relay().Says("*", "504 5.5.4 well");
       },
       "the server wants 1 rounds"},
  };
  for (const Row& row : rows) {
    NextRelay();
    scram_ = ScramServer();
    Scrams();
    row.script();
    EXPECT_EQ(Delivered(), "tls-policy 4.7.8") << row.fact;
    EXPECT_THAT(ErrorOf(), HasSubstr(std::string(row.words))) << row.fact;
    EXPECT_EQ(Relay().Heard("AUTH PLAIN"), 0) << row.fact;
    EXPECT_EQ(Relay().Heard("MAIL"), 0) << row.fact;
  }
}

TEST_F(MechanismTest, CramMd5AnswersTheChallenge) {
  const std::string digest = base::LowerAscii(base::Hex(*tls::HmacMd5("pencil", "<1@relay>")));
  Relay()
      .Keywords({"AUTH CRAM-MD5 LOGIN"})
      .Says("AUTH CRAM-MD5", Challenge("<1@relay>"))
      .Says(base::Base64("user " + digest), "235 2.7.0 in");
  EXPECT_EQ(Delivered(), "250") << ErrorOf();
}

TEST_F(MechanismTest, AMechanismThatThePeerDoesNotWantIsFollowedByTheNext) {
  for (const char* refusal :
       {"504 5.5.4 no such", "504 what", "534 5.7.9 too weak", "534 too weak"}) {
    NextRelay();
    Relay()
        .Keywords({"AUTH SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN"})
        .Says("AUTH", refusal)
        .Says(base::Cat("AUTH PLAIN ", kPencil), "235 2.7.0 in");
    EXPECT_EQ(Delivered(), "250") << refusal;
    EXPECT_EQ(Relay().Heard("AUTH"), 3) << refusal;
  }
}

TEST_F(MechanismTest, AnotherRefusalEndsTheLogin) {
  for (const char* refusal : {"535 5.7.8 no", "534 5.7.14 web login", "538 5.7.11 encrypt",
                              "454 4.7.0 later", "500 what"}) {
    NextRelay();
    Relay().Keywords({"AUTH CRAM-MD5 PLAIN"}).Says("AUTH", refusal);
    EXPECT_EQ(Delivered(), "tls-policy 4.7.8") << refusal;
    EXPECT_EQ(Relay().Heard("AUTH"), 1) << refusal;
    EXPECT_THAT(ErrorOf(), HasSubstr(refusal));
  }
}

TEST_F(MechanismTest, WhenNoMechanismIsLeftTheLastRefusalIsTheReason) {
  Relay().Keywords({"AUTH PLAIN LOGIN"}).Says("AUTH", "504 5.5.4 no such");
  EXPECT_EQ(Delivered(), "tls-policy 4.7.8");
  EXPECT_THAT(ErrorOf(), HasSubstr("authentication by LOGIN is refused: 504 5.5.4 no such"));
}

TEST_F(MechanismTest, ATokenLogsInUnderTlsOnly) {
  TokenAlone();
  const std::string response =
      base::Base64(base::Cat("user=user\x01", "auth=Bearer ", kToken, "\x01\x01"));
  Relay()
      .Keywords({"AUTH PLAIN XOAUTH2"})
      .Says(base::Cat("AUTH XOAUTH2 ", response), "235 2.7.0 in");
  EXPECT_EQ(Delivered(), "tls-policy 4.7.4");
  EXPECT_THAT(ErrorOf(), HasSubstr("a token is never sent in clear"));
  EXPECT_EQ(Relay().Heard("AUTH"), 0);
  Relay().StartsTls(server_);
  EXPECT_EQ(Delivered(), "250") << ErrorOf();
}

TEST_F(MechanismTest, ATokenComesBeforeThePasswordAndIsReadAgain) {
  Put("token", kToken);
  Relay().Keywords({"AUTH PLAIN XOAUTH2"}).StartsTls(server_).Says("AUTH XOAUTH2", "235 2.7.0 in");
  EXPECT_EQ(Delivered(), "250") << ErrorOf();
  Put("token", "ya29.another");
  EXPECT_EQ(Delivered(), "250") << ErrorOf();
  const std::string second =
      base::Base64(base::Cat("user=user\x01", "auth=Bearer ya29.another\x01\x01"));
  EXPECT_EQ(Relay().Heard("AUTH XOAUTH2"), 2);
  EXPECT_EQ(Relay().Heard(base::Cat("AUTH XOAUTH2 ", second)), 1);
}

TEST_F(MechanismTest, ALongTokenWaitsForItsTurn) {
  TokenAlone();
  Put("token", std::string(2000, 't'));
  Relay()
      .Keywords({"AUTH XOAUTH2"})
      .StartsTls(server_)
      .Says("AUTH XOAUTH2", "334 ")
      .Says("dXNlcj11c2", "235 2.7.0 in");
  EXPECT_EQ(Delivered(), "250") << ErrorOf();
}

TEST_F(MechanismTest, ARefusedTokenIsReportedWithItsStatus) {
  Put("token", kToken);
  Relay()
      .Keywords({"AUTH PLAIN XOAUTH2"})
      .StartsTls(server_)
      .Says("AUTH XOAUTH2", Challenge(R"({"status":"400","schemes":"Bearer"})"))
      .Says("empty", "535 5.7.8 not accepted");
  EXPECT_EQ(Delivered(), "tls-policy 4.7.8");
  EXPECT_THAT(ErrorOf(), HasSubstr("authentication by XOAUTH2 is refused with status 400: 535"));
  EXPECT_EQ(Relay().Heard("AUTH PLAIN"), 0);
}

TEST_F(MechanismTest, WhatIsSecretIsNotInTheProtocolLog) {
  observe::CsvLogOptions options;
  options.folder = ca_.folder() + "/logs";
  options.prefix = "SEND";
  ProtocolLog log(*observe::CsvLog::Open(options));
  stores_.protocol_log = &log;
  delivery_.policy.protocol_log = true;
  Scrams();
  EXPECT_EQ(Delivered(), "250") << ErrorOf();
  Put("token", kToken);
  Scrams("AUTH XOAUTH2").StartsTls(server_).Says("AUTH XOAUTH2", "235 2.7.0 in");
  EXPECT_EQ(Delivered(), "250") << ErrorOf();
  log.Flush();
  std::ostringstream all;
  for (const auto& file : fs::directory_iterator(options.folder))
    all << std::ifstream(file.path()).rdbuf();
  for (const char* line : {">,AUTH SCRAM-SHA-256 ****,", ">,****,", ">,AUTH XOAUTH2 ****,"})
    EXPECT_THAT(all.str(), HasSubstr(line));
  for (const char* secret : {"pencil", kToken, "dXNlcj11c2Vy", "Yz1iaXdz"})
    EXPECT_THAT(all.str(), Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace postern::smtp
