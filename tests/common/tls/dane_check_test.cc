#include "common/tls/dane_check.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/common/tls/dane_records.h"
#include "tests/common/tls/tls_test.h"

namespace postern::tls {
namespace {

using testing::DaneOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DaneCheckTest : public TlsTest {
 protected:
  void Serve(const testing::CertificateFiles& files) {
    files_ = files;
    const auto loaded = server_context_.Load(files.certificate_file, files.key_file);
    ASSERT_TRUE(loaded.ok()) << loaded;
  }

  // The same with the authority's certificate behind the server's.
  void ServeWithAuthority(const testing::CertificateRequest& request) {
    testing::CertificateFiles files = ca_.Issue(request);
    const std::string chain = files.certificate_file + ".chain";
    std::ofstream out(chain);
    for (const std::string& part : {files.certificate_file, ca_.ca_file()})
      out << std::ifstream(part).rdbuf();
    out.close();
    files.certificate_file = chain;
    Serve(files);
  }

  DaneAnchor Ee(std::uint8_t selector, std::uint8_t matching) const {
    return DaneOf(files_.certificate_file, kDaneEe, selector, matching);
  }

  DaneAnchor Ta(std::uint8_t selector, std::uint8_t matching) const {
    return DaneOf(ca_.ca_file(), kDaneTa, selector, matching);
  }

  static DaneAnchor Stranger(std::uint8_t usage) { return {usage, 1, 1, std::string(32, 'x')}; }

  // "ok", or the reason.
  std::string Verdict(std::vector<DaneAnchor> anchors,
                      std::vector<std::string> names = {"a.test", "mx.a.test"}) {
    Demand demand;
    demand.dane = std::move(anchors);
    demand.dane_names = std::move(names);
    return VerdictOn(std::move(demand));
  }

  std::string VerdictOn(Demand demand) {
    ClientContext::Peer peer;
    peer.server_name = "mx.a.test";
    peer.demand = std::move(demand);
    MeetWith(client_context_, std::move(peer));
    if (client_.ok()) return "ok";
    EXPECT_TRUE(absl::IsUnauthenticated(client_.status())) << client_.status();
    return std::string(client_.status().message());
  }

  testing::CertificateFiles files_;
};

TEST_F(DaneCheckTest, TheCertificateItselfFitsInEveryForm) {
  Serve(ca_.SelfSign(testing::ForHost("mx.a.test")));
  for (std::uint8_t selector = 0; selector <= 1; ++selector) {
    for (std::uint8_t matching = 0; matching <= 2; ++matching) {
      EXPECT_EQ(Verdict({Ee(selector, matching)}), "ok") << +selector << +matching;
      EXPECT_TRUE(client_->facts.dane);
      EXPECT_FALSE(client_->facts.verified);
    }
  }
  Verdict({});
  EXPECT_FALSE(client_->facts.dane);
}

TEST_F(DaneCheckTest, TheCertificateItselfFitsWhateverItsNamesAndDates) {
  Serve(ca_.SelfSign(testing::Expired("mx.a.test")));
  EXPECT_EQ(Verdict({Ee(1, 1)}), "ok");
  Serve(ca_.SelfSign(testing::ForHost("elsewhere.test")));
  EXPECT_EQ(Verdict({Ee(1, 1)}), "ok");
  EXPECT_EQ(Verdict({Ee(0, 2)}, {}), "ok");
}

TEST_F(DaneCheckTest, AnotherCertificateIsRefusedEvenWhenAnAuthorityVouchesForIt) {
  Serve(ca_.Issue(testing::ForHost("mx.a.test")));
  EXPECT_EQ(Verdict({Stranger(kDaneEe)}),
            "dane validation failure: no matching dane tlsa records; looked for tlsa 3 1 1 "
            "7878787878787878..., the certificate is for mx.a.test, issued by CN=Postern test "
            "authority");
}

TEST_F(DaneCheckTest, RecordsThatOpenSslCannotUseProveNothing) {
  Serve(ca_.Issue(testing::ForHost("mx.a.test")));
  EXPECT_THAT(Verdict({{3, 1, 1, "short"}}), HasSubstr("no matching dane tlsa records"));
  EXPECT_NE(Verdict({{3, 9, 9, "x"}}), "ok");
  EXPECT_NE(Verdict({{3, 0, 0, "no certificate"}, Stranger(kDaneEe)}), "ok");
}

TEST_F(DaneCheckTest, OneOfTheRecordsIsEnough) {
  Serve(ca_.SelfSign(testing::ForHost("mx.a.test")));
  EXPECT_EQ(Verdict({Stranger(kDaneEe), Ee(1, 1)}), "ok");
  EXPECT_EQ(Verdict({Ee(1, 1), Stranger(kDaneEe)}), "ok");
  EXPECT_EQ(Verdict({Stranger(kDaneTa), Ee(0, 1)}), "ok");
  std::vector<DaneAnchor> many(7, Stranger(kDaneEe));
  EXPECT_THAT(Verdict(many), HasSubstr(" and 2 more, the certificate is for"));
}

TEST_F(DaneCheckTest, AnAuthorityVouchesForAnyOfTheNames) {
  ServeWithAuthority(testing::ForHost("mx.a.test"));
  EXPECT_EQ(Verdict({Ta(0, 1)}), "ok");
  EXPECT_EQ(Verdict({Ta(1, 1)}), "ok");
  EXPECT_EQ(Verdict({Ta(0, 0)}), "ok");
  EXPECT_EQ(Verdict({Ta(0, 1)}, {"mx.a.test."}), "ok");
  ServeWithAuthority(testing::ForHost("a.test"));
  EXPECT_EQ(Verdict({Ta(1, 2)}), "ok");
  ServeWithAuthority(testing::ForHost("*.a.test"));
  EXPECT_EQ(Verdict({Ta(1, 2)}), "ok");
}

TEST_F(DaneCheckTest, AnAuthorityVouchesForNoOtherName) {
  ServeWithAuthority(testing::ForHost("mx.b.test"));
  EXPECT_THAT(Verdict({Ta(0, 1)}), HasSubstr("hostname mismatch; looked for tlsa 2 0 1 "));
  EXPECT_THAT(Verdict({Ta(0, 1)}), HasSubstr("with the name a.test or mx.a.test, the certificate "
                                             "is for mx.b.test"));
  ServeWithAuthority(testing::ForHost("*.test"));
  EXPECT_NE(Verdict({Ta(0, 1)}, {"mx.a.test"}), "ok");
  ServeWithAuthority(testing::ForHost("m*.a.test"));
  EXPECT_NE(Verdict({Ta(0, 1)}, {"mx.a.test"}), "ok");
}

TEST_F(DaneCheckTest, AnAuthorityWithoutANameToLookForProvesNothing) {
  ServeWithAuthority(testing::ForHost("mx.a.test"));
  EXPECT_NE(Verdict({Ta(0, 1)}, {}), "ok");
  EXPECT_NE(Verdict({Ta(0, 1)}, {""}), "ok");
  EXPECT_NE(Verdict({Ta(0, 1)}, {"."}), "ok");
}

TEST_F(DaneCheckTest, AnAuthorityVouchesForNothingExpired) {
  ServeWithAuthority(testing::Expired("mx.a.test"));
  EXPECT_THAT(Verdict({Ta(0, 1)}), HasSubstr("certificate has expired"));
}

TEST_F(DaneCheckTest, AnAuthorityIsInTheChainOrWholeInTheRecord) {
  Serve(ca_.Issue(testing::ForHost("mx.a.test")));
  // It is in our trust store, which counts for nothing here.
  EXPECT_NE(Verdict({Ta(0, 1)}), "ok");
  EXPECT_NE(Verdict({Ta(1, 2)}), "ok");
  EXPECT_EQ(Verdict({Ta(0, 0)}), "ok");
  EXPECT_EQ(Verdict({Ta(1, 0)}), "ok");
  testing::CertificateAuthority stranger;
  EXPECT_NE(Verdict({DaneOf(stranger.ca_file(), kDaneTa, 0, 0)}), "ok");
}

TEST_F(DaneCheckTest, WhatTheConnectorDemandsHoldsBesides) {
  Demand demand;
  demand.chain = true;
  demand.names = {"mx.a.test"};
  Serve(ca_.SelfSign(testing::ForHost("mx.a.test")));
  demand.dane = {Ee(1, 1)};
  EXPECT_THAT(VerdictOn(demand), HasSubstr("certificate validation failure: self-signed"));
  Serve(ca_.Issue(testing::ForHost("mx.b.test")));
  demand.dane = {Ee(1, 1)};
  EXPECT_THAT(VerdictOn(demand), HasSubstr("hostname mismatch; looked for mx.a.test"));
  Serve(ca_.Issue(testing::Expired("mx.a.test")));
  demand.dane = {Ee(1, 1)};
  EXPECT_THAT(VerdictOn(demand), HasSubstr("certificate has expired"));
  Serve(ca_.Issue(testing::ForHost("mx.a.test")));
  demand.dane = {Stranger(kDaneEe)};
  EXPECT_THAT(VerdictOn(demand), HasSubstr("dane validation failure"));
  demand.dane = {Ee(1, 1)};
  EXPECT_EQ(VerdictOn(demand), "ok");
  EXPECT_TRUE(client_->facts.verified);
  EXPECT_TRUE(client_->facts.dane);
}

}  // namespace
}  // namespace postern::tls
