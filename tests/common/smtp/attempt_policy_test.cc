#include <filesystem>

#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "tests/support/certificates.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::HasSubstr;
using testing::ScriptedPeer;

// Policies that were handed in with the delivery, and TLSA records of the fake resolver.
class AttemptPolicyTest : public testing::EngineFixture {
 protected:
  AttemptPolicyTest() {
    EXPECT_TRUE(trust_.Load("", "", ca_.ca_file()).ok());
    tls_ = &trust_;
  }

  // The only exchanger of example.test; its name is mx1.test.
  ScriptedPeer& PeerFor(const std::string& name) {
    testing::CertificateRequest request;
    request.dns_names = {name};
    const testing::CertificateFiles files = ca_.Issue(request);
    EXPECT_TRUE(server_.Load(files.certificate_file, files.key_file).ok());
    return Peer("192.0.2.1").StartsTls(server_);
  }

  void Publishes(mail::StsMode mode, std::vector<std::string> mx) {
    KnownSts known;
    known.domain = "example.test";
    known.policy.id = "1";
    known.policy.mode = mode;
    known.policy.mx = std::move(mx);
    known.policy.max_age = absl::Hours(24);
    known.expires = absl::Now() + absl::Hours(1);
    delivery_.sts = std::move(known);
  }

  void Tlsa(dns::TlsaRecord record) {
    for (const char* name : {"example.test", "mx1.test", "_25._tcp.mx1.test"})
      resolver_.Secure(name);
    resolver_.Tlsa("_25._tcp.mx1.test", std::move(record));
  }

  testing::CertificateAuthority ca_;
  tls::ClientContext trust_;
  tls::ServerContext server_;
};

TEST_F(AttemptPolicyTest, AnEnforcedPolicyAsksForTheNameOfTheHost) {
  PeerFor("mx1.test");
  Publishes(mail::StsMode::kEnforce, {"mx1.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "250") << ErrorOf();
  EXPECT_EQ(outcome_.hosts.at(0).policy, PolicySource::kSts);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "successful");
  EXPECT_EQ(outcome_.tls_policy_domain, "example.test");
}

TEST_F(AttemptPolicyTest, ACertificateForAnotherNameGetsNothing) {
  ScriptedPeer& peer = PeerFor("other.test");
  Publishes(mail::StsMode::kEnforce, {"mx1.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "tls-policy 4.7.5");
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "certificate-host-mismatch");
  EXPECT_EQ(peer.Heard("MAIL"), 0);
}

TEST_F(AttemptPolicyTest, AHostThatThePolicyDoesNotNameIsNotDialled) {
  ScriptedPeer& peer = PeerFor("mx1.test");
  Publishes(mail::StsMode::kEnforce, {"*.elsewhere.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "tls-policy 4.7.5");
  EXPECT_THAT(ErrorOf(), HasSubstr("does not name mx1.test"));
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "validation-failure");
  EXPECT_EQ(peer.connections(), 0);
}

TEST_F(AttemptPolicyTest, TestingOnlyReports) {
  PeerFor("mx1.test");
  Publishes(mail::StsMode::kTesting, {"*.elsewhere.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "250") << ErrorOf();
  EXPECT_TRUE(outcome_.hosts.at(0).sts_testing);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "validation-failure");
}

TEST_F(AttemptPolicyTest, TestingReportsTheCertificateThatEnforceWouldRefuse) {
  PeerFor("other.test");
  Publishes(mail::StsMode::kTesting, {"mx1.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "250") << ErrorOf();
  EXPECT_EQ(outcome_.hosts.at(0).policy, PolicySource::kConnector);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "certificate-host-mismatch");
}

TEST_F(AttemptPolicyTest, TestingReportsAHostThatKeepsToThePolicy) {
  PeerFor("mx1.test");
  Publishes(mail::StsMode::kTesting, {"mx1.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "250") << ErrorOf();
  EXPECT_TRUE(outcome_.hosts.at(0).sts_testing);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "successful");
}

TEST_F(AttemptPolicyTest, TestingReportsAHostWithoutStarttls) {
  Peer("192.0.2.1");
  Publishes(mail::StsMode::kTesting, {"mx1.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "250") << ErrorOf();
  EXPECT_TRUE(outcome_.hosts.at(0).sts_testing);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "starttls-not-supported");
}

TEST_F(AttemptPolicyTest, AFallBackInClearIsOneFailure) {
  Peer("192.0.2.1").BreaksTls();
  Deliver();
  ASSERT_EQ(outcome_.hosts.size(), 2u);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "validation-failure");
  EXPECT_EQ(outcome_.hosts.at(1).tls_result, "");
}

TEST_F(AttemptPolicyTest, WhileAHostIsKnownToBreakTlsEachSessionIsAFailure) {
  Peer("192.0.2.1").BreaksTls();
  delivery_.policy.messages_per_connection_max = 1;
  Deliver();
  Deliver();
  ASSERT_EQ(outcome_.hosts.size(), 1u);
  EXPECT_FALSE(outcome_.session_reused);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "validation-failure");
}

TEST_F(AttemptPolicyTest, RecordsThatNoneCanUseAreReportedAsSuch) {
  PeerFor("mx1.test");
  Tlsa({.usage = 1, .selector = 1, .matching = 1, .data = std::string(32, 'x')});
  Deliver();
  EXPECT_EQ(ResultOf(0), "250") << ErrorOf();
  EXPECT_EQ(outcome_.hosts.at(0).policy, PolicySource::kDane);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "tlsa-invalid");
}

TEST_F(AttemptPolicyTest, WhoIsNotAskedForAPolicyIsNotReported) {
  PeerFor("mx1.test");
  delivery_.envelope.tls_optional = true;
  Deliver();
  EXPECT_EQ(ResultOf(0), "250") << ErrorOf();
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "");
}

TEST_F(AttemptPolicyTest, HeloByDemandTellsNothingOfTheHost) {
  Peer("192.0.2.1");
  delivery_.policy.force_helo = true;
  Deliver();
  EXPECT_EQ(ResultOf(0), "250") << ErrorOf();
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "");
}

TEST_F(AttemptPolicyTest, NoFallBackInClearWhereAPolicyIsInForce) {
  ScriptedPeer& peer = Peer("192.0.2.1").BreaksTls();
  Publishes(mail::StsMode::kEnforce, {"mx1.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "tls-policy 4.7.5");
  EXPECT_EQ(peer.Heard("MAIL"), 0);
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(AttemptPolicyTest, ASessionInClearServesNoDomainWithAPolicy) {
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  EXPECT_EQ(ResultOf(0), "250");
  Publishes(mail::StsMode::kEnforce, {"mx1.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "tls-policy 4.7.4");
  EXPECT_EQ(peer.mails().size(), 1u);
}

TEST_F(AttemptPolicyTest, TlsaRecordsThatDoNotFitAreNeverOverruled) {
  ScriptedPeer& peer = PeerFor("mx1.test");
  Tlsa({.usage = 3, .selector = 1, .matching = 1, .data = std::string(32, 'x')});
  Publishes(mail::StsMode::kEnforce, {"mx1.test"});
  Deliver();
  EXPECT_EQ(ResultOf(0), "tls-policy 4.7.5");
  EXPECT_EQ(outcome_.hosts.at(0).policy, PolicySource::kDane);
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "validation-failure");
  EXPECT_EQ(outcome_.hosts.at(0).tlsa_base, "mx1.test");
  EXPECT_EQ(outcome_.hosts.at(0).tlsa.at(0).substr(0, 10), "3 1 1 7878");
  EXPECT_FALSE(outcome_.hosts.at(0).sending_ip.empty());
  EXPECT_EQ(peer.Heard("MAIL"), 0);
}

TEST_F(AttemptPolicyTest, ALookupThatFailsIsNoAnswer) {
  ScriptedPeer& peer = PeerFor("mx1.test");
  for (const char* name : {"example.test", "mx1.test"})
    resolver_.Secure(name);
  resolver_.TlsaFails("_25._tcp.mx1.test", absl::UnavailableError("servfail"));
  Deliver();
  EXPECT_EQ(ResultOf(0), "dns 4.4.3");
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "dnssec-invalid");
  EXPECT_EQ(peer.connections(), 0);
}

TEST_F(AttemptPolicyTest, TheSenderMayPutDeliveryFirst) {
  PeerFor("other.test");
  Tlsa({.usage = 3, .selector = 1, .matching = 1, .data = std::string(32, 'x')});
  Publishes(mail::StsMode::kEnforce, {"*.elsewhere.test"});
  delivery_.envelope.tls_optional = true;
  Deliver();
  EXPECT_EQ(ResultOf(0), "250") << ErrorOf();
  delivery_.policy.require_tls = true;
  delivery_.policy.tls_auth_level = TlsAuthLevel::kDomainValidation;
  Deliver();
  EXPECT_EQ(ResultOf(0), "tls-policy 4.7.5");
}

TEST_F(AttemptPolicyTest, AHostWithoutStarttlsIsReportedAsSuch) {
  Peer("192.0.2.1");
  Deliver();
  EXPECT_EQ(ResultOf(0), "250");
  EXPECT_EQ(outcome_.hosts.at(0).tls_result, "starttls-not-supported");
}

}  // namespace
}  // namespace postern::smtp
