#include <filesystem>

#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "tests/support/certificates.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

namespace fs = std::filesystem;
using testing::CertificateRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedPeer;

// Peers with certificates of every kind, and an engine that trusts one authority.
class EngineCertificateTest : public testing::EngineFixture {
 protected:
  EngineCertificateTest() {
    EXPECT_TRUE(trust_.Load("", "", ca_.ca_file()).ok());
    tls_ = &trust_;
    delivery_.policy.require_tls = true;
  }

  static CertificateRequest For(std::vector<std::string> names) {
    CertificateRequest request;
    request.dns_names = std::move(names);
    return request;
  }

  // A domain with one exchanger that shows this certificate; its name is the domain's.
  ScriptedPeer& Domain(const std::string& domain,
                       const testing::CertificateFiles& files,
                       const std::string& client_ca = "") {
    const std::string address = base::Cat("198.51.100.", ++peers_made_);
    resolver_.Mx(domain, {{10, "mx." + domain}});
    resolver_.A("mx." + domain, address);
    servers_.push_back(std::make_unique<tls::ServerContext>());
    EXPECT_TRUE(servers_.back()->Load(files.certificate_file, files.key_file, client_ca).ok());
    return PeerAt(address + ":25").StartsTls(*servers_.back());
  }

  void DeliverTo(const std::string& domain) {
    delivery_.route.domain = domain;
    Deliver();
  }

  // "250", or "tls-policy 4.7.5".
  std::string Result(const std::string& domain) {
    DeliverTo(domain);
    return ResultOf(0);
  }

  testing::CertificateAuthority ca_;
  testing::CertificateAuthority stranger_{"Somebody else"};
  tls::ClientContext trust_;
  std::vector<std::unique_ptr<tls::ServerContext>> servers_;
  int peers_made_ = 0;
};

TEST_F(EngineCertificateTest, EachLevelTakesWhatItShould) {
  struct Row {
    std::string name;
    testing::CertificateFiles files;
    // At EncryptionOnly, CertificateValidation, DomainValidation.
    bool encryption, chain, domain;
  };

  const std::vector<Row> rows = {
      {"good", ca_.Issue(For({"good.test"})), true, true, true},
      {"wildcard", ca_.Issue(For({"*.wildcard.test"})), true, true, false},
      {"exchanger", ca_.Issue(For({"mx.exchanger.test"})), true, true, false},
      {"common-name", ca_.Issue(CertificateRequest{.common_name = "common-name.test"}), true, true,
       true},
      {"wrong-name", ca_.Issue(For({"other.test"})), true, true, false},
      {"expired", ca_.Issue(testing::Expired("expired.test")), true, false, false},
      {"self-signed", ca_.SelfSign(For({"self-signed.test"})), true, false, false},
      {"stranger", stranger_.Issue(For({"stranger.test"})), true, false, false},
  };
  for (const Row& row : rows)
    Domain(row.name + ".test", row.files);
  const std::pair<TlsAuthLevel, bool Row::*> levels[] = {
      {TlsAuthLevel::kEncryptionOnly, &Row::encryption},
      {TlsAuthLevel::kCertificateValidation, &Row::chain},
      {TlsAuthLevel::kDomainValidation, &Row::domain},
  };
  for (const auto& [level, takes] : levels) {
    delivery_.policy.tls_auth_level = level;
    for (const Row& row : rows) {
      EXPECT_EQ(Result(row.name + ".test"), row.*takes ? "250" : "tls-policy 4.7.5")
          << row.name << " at " << NameOf(level) << ": " << ErrorOf();
    }
  }
}

// proves: RevocationSoftFail
TEST_F(EngineCertificateTest, WithoutSoftFailRevocationMustBeKnown) {
  delivery_.policy.tls_auth_level = TlsAuthLevel::kCertificateValidation;
  Domain("a.test", ca_.Issue(For({"a.test"})));
  EXPECT_EQ(Result("a.test"), "250");
  delivery_.policy.revocation_soft_fail = false;
  EXPECT_EQ(Result("a.test"), "tls-policy 4.7.5");
  EXPECT_THAT(ErrorOf(), HasSubstr("revocation not known"));
}

TEST_F(EngineCertificateTest, TlsDomainIsTheNameThatIsLookedFor) {
  delivery_.policy.tls_auth_level = TlsAuthLevel::kDomainValidation;
  Domain("a.test", ca_.Issue(For({"mx1.provider.test"})));
  EXPECT_EQ(Result("a.test"), "tls-policy 4.7.5");
  EXPECT_THAT(ErrorOf(), HasSubstr("mx.a.test: certificate validation failure: hostname mismatch; "
                                   "looked for a.test, the certificate is for mx1.provider.test"));
  delivery_.policy.tls_domain = "*.provider.test";
  EXPECT_EQ(Result("a.test"), "250");
  delivery_.policy.tls_domain = "provider.test";
  EXPECT_EQ(Result("a.test"), "tls-policy 4.7.5");
}

TEST_F(EngineCertificateTest, DomainsThatShareAHostDoNotShareWhatItProvedForOne) {
  delivery_.policy.tls_auth_level = TlsAuthLevel::kDomainValidation;
  ScriptedPeer& peer = Domain("a.test", ca_.Issue(For({"a.test"})));
  resolver_.Mx("b.test", {{10, "mx.a.test"}});
  EXPECT_EQ(Result("a.test"), "250");
  EXPECT_EQ(Result("b.test"), "tls-policy 4.7.5");
  EXPECT_EQ(peer.mails().size(), 1u);
}

TEST_F(EngineCertificateTest, NamesOfOneAddressShareASessionOnlyWhereNothingIsProved) {
  ScriptedPeer& peer = Domain("a.test", ca_.Issue(For({"a.test", "b.test"})));
  resolver_.Mx("b.test", {{10, "mx.b.test"}});
  resolver_.A("mx.b.test", base::Cat("198.51.100.", peers_made_));
  for (const TlsAuthLevel level :
       {TlsAuthLevel::kNone, TlsAuthLevel::kEncryptionOnly, TlsAuthLevel::kCertificateValidation}) {
    delivery_.policy.tls_auth_level = level;
    const int before = peer.connections();
    EXPECT_EQ(Result("a.test"), "250");
    EXPECT_EQ(Result("b.test"), "250");
    EXPECT_EQ(outcome_.recipients[0].host, "mx.b.test");
    const bool shared = level != TlsAuthLevel::kCertificateValidation;
    EXPECT_EQ(outcome_.session_reused, shared) << NameOf(level);
    EXPECT_EQ(peer.connections() - before, shared ? 1 : 2) << NameOf(level);
  }
}

TEST_F(EngineCertificateTest, ARefusedPeerHearsNothingOfTheMail) {
  delivery_.policy.tls_auth_level = TlsAuthLevel::kCertificateValidation;
  ScriptedPeer& peer = Domain("a.test", ca_.SelfSign(For({"a.test"})));
  EXPECT_EQ(Result("a.test"), "tls-policy 4.7.5");
  EXPECT_EQ(peer.Heard("MAIL"), 0);
  EXPECT_EQ(peer.Heard("EHLO"), 1);
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(EngineCertificateTest, TheNextHostMayProveWhatTheFirstCannot) {
  delivery_.policy.tls_auth_level = TlsAuthLevel::kDomainValidation;
  Domain("a.test", ca_.SelfSign(For({"a.test"})));
  Domain("second.test", ca_.Issue(For({"a.test"})));
  resolver_.Mx("a.test", {{10, "mx.a.test"}, {20, "mx.second.test"}});
  EXPECT_EQ(Result("a.test"), "250");
  EXPECT_EQ(outcome_.recipients[0].host, "mx.second.test");
}

TEST_F(EngineCertificateTest, NewAuthoritiesRetireSessionsThatTheOldOnesVouchedFor) {
  delivery_.policy.tls_auth_level = TlsAuthLevel::kCertificateValidation;
  ScriptedPeer& peer = Domain("a.test", ca_.Issue(For({"a.test"})));
  EXPECT_EQ(Result("a.test"), "250");
  EXPECT_EQ(Result("a.test"), "250");
  EXPECT_EQ(peer.connections(), 1);
  ASSERT_TRUE(trust_.Load("", "", stranger_.ca_file()).ok());
  EXPECT_EQ(Result("a.test"), "tls-policy 4.7.5");
  EXPECT_EQ(peer.connections(), 2);
}

class MutualTlsTest : public EngineCertificateTest {
 protected:
  MutualTlsTest() {
    fs::create_directory(folder_);
    delivery_.policy.fqdn = "out.client.test";
  }

  void Show(const testing::CertificateFiles& files) {
    fs::copy_file(files.certificate_file, folder_ + "/out.crt",
                  fs::copy_options::overwrite_existing);
    fs::copy_file(files.key_file, folder_ + "/out.key", fs::copy_options::overwrite_existing);
    if (store_ != nullptr) return store_->Load();
    store_ = std::make_unique<tls::CertificateStore>(folder_);
    stores_.certificates = store_.get();
  }

  std::string folder_ = ca_.folder() + "/ours";
  std::unique_ptr<tls::CertificateStore> store_;
};

TEST_F(MutualTlsTest, DomainSecurityShowsOurCertificateAndChecksTheirs) {
  Show(ca_.Issue(testing::ForHost("out.client.test")));
  delivery_.policy.require_tls = false;
  delivery_.policy.domain_secure = true;
  Domain("a.test", ca_.Issue(For({"a.test"})), ca_.ca_file());
  Domain("b.test", ca_.Issue(For({"mx.b.test"})), ca_.ca_file());
  EXPECT_EQ(Result("a.test"), "250") << ErrorOf();
  EXPECT_TRUE(outcome_.tls->verified);
  EXPECT_EQ(Result("b.test"), "tls-policy 4.7.5");
}

TEST_F(MutualTlsTest, WithoutACertificateOfOursNothingIsSent) {
  delivery_.policy.require_tls = false;
  delivery_.policy.domain_secure = true;
  ScriptedPeer& peer = Domain("a.test", ca_.Issue(For({"a.test"})), ca_.ca_file());
  EXPECT_EQ(Result("a.test"), "tls-policy 4.7.5");
  EXPECT_THAT(ErrorOf(), HasSubstr("mutual TLS needs a certificate of ours"));
  delivery_.policy.domain_secure = false;
  delivery_.policy.tls_certificate_name = "<I>CN=CA<S>CN=gone";
  EXPECT_EQ(Result("a.test"), "tls-policy 4.7.5");
  EXPECT_THAT(ErrorOf(),
              HasSubstr("The certificate specified in TlsCertificateName of the SendConnector "
                        "could not be found"));
  EXPECT_EQ(peer.connections(), 0);
}

TEST_F(MutualTlsTest, APeerThatDistrustsOurCertificateTakesNothing) {
  Show(stranger_.Issue(testing::ForHost("out.client.test")));
  ScriptedPeer& peer = Domain("a.test", ca_.Issue(For({"a.test"})), ca_.ca_file());
  delivery_.policy.domain_secure = true;
  EXPECT_NE(Result("a.test"), "250");
  EXPECT_TRUE(peer.mails().empty());
}

TEST_F(MutualTlsTest, ExchangeServerAuthIsMutualTlsWithTheSmartHostsName) {
  Show(ca_.Issue(testing::ForHost("out.client.test")));
  delivery_.policy.require_tls = false;
  delivery_.policy.auth = SmartHostAuth::kExchangeServer;
  delivery_.route.dns_routing = false;
  Domain("a.test", ca_.Issue(For({"mx.a.test"})), ca_.ca_file());
  delivery_.route.smart_hosts = {"mx.a.test"};
  DeliverTo("mx.a.test");
  EXPECT_THAT(Results(), ElementsAre("250"));
  resolver_.A("alias.test", "198.51.100.1");
  delivery_.route.smart_hosts = {"alias.test"};
  DeliverTo("alias.test");
  EXPECT_THAT(Results(), ElementsAre("tls-policy 4.7.5"));
}

TEST_F(MutualTlsTest, ARenewedCertificateRetiresTheSessionsThatShowedTheOldOne) {
  Show(ca_.Issue(testing::ForHost("out.client.test")));
  ScriptedPeer& peer = Domain("a.test", ca_.Issue(For({"a.test"})), ca_.ca_file());
  EXPECT_EQ(Result("a.test"), "250");
  EXPECT_EQ(Result("a.test"), "250");
  EXPECT_EQ(peer.connections(), 1);
  Show(ca_.Issue(testing::ForHost("out.client.test")));
  EXPECT_EQ(Result("a.test"), "250");
  EXPECT_EQ(peer.connections(), 2);
}

}  // namespace
}  // namespace postern::smtp
