#include "common/tls/revocation.h"

#include <filesystem>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/common/tls/dane_records.h"
#include "tests/common/tls/raw_server.h"
#include "tests/common/tls/revocation_papers.h"
#include "tests/common/tls/tls_test.h"

namespace postern::tls {
namespace {

using ::testing::HasSubstr;

class RevocationTest : public TlsTest {
 protected:
  void Issue(bool must_staple = false) {
    testing::CertificateRequest request = testing::ForHost("mx.a.test");
    request.must_staple = must_staple;
    files_ = ca_.Issue(request);
    raw_.emplace(files_);
  }

  testing::OcspPaper Paper(int status = V_OCSP_CERTSTATUS_GOOD) const {
    testing::OcspPaper paper;
    paper.certificate_file = files_.certificate_file;
    paper.issuer_file = ca_.ca_file();
    paper.signer = {ca_.ca_file(), ca_.key_file()};
    paper.status = status;
    return paper;
  }

  // Makes a file of one list that revokes these; the client goes by it.
  void List(std::vector<std::string> revoked, bool soft_fail = true) {
    const std::string path = ca_.folder() + "/list.crl";
    std::filesystem::remove(path);
    testing::CrlPaper paper{.issuer_file = ca_.ca_file(), .key_file = ca_.key_file()};
    paper.revoked = std::move(revoked);
    testing::AppendCrl(paper, path);
    Set({.soft_fail = soft_fail, .crl_file = path});
  }

  void Set(const ClientContext::Revocation& revocation) {
    const absl::Status set = client_context_.SetRevocation(revocation);
    ASSERT_TRUE(set.ok()) << set;
  }

  // "ok: " with what was learned, or the reason.
  std::string Verdict(bool chain = true) {
    ClientContext::Peer peer;
    peer.demand.chain = chain;
    MeetAt(*raw_, client_context_, std::move(peer));
    if (client_.ok()) return "ok: " + client_->facts.revocation.words;
    EXPECT_TRUE(absl::IsUnauthenticated(client_.status())) << client_.status();
    return std::string(client_.status().message());
  }

  testing::CertificateFiles files_;
  std::optional<RawServer> raw_;
};

TEST_F(RevocationTest, AGoodResponsePasses) {
  Issue();
  raw_->Staple(testing::MakeResponse(Paper()));
  Set({.soft_fail = false});
  EXPECT_EQ(Verdict(), "ok: good by the stapled response");
  EXPECT_EQ(client_->facts.revocation.state, RevocationState::kGood);
}

TEST_F(RevocationTest, ARevokedCertificateIsAlwaysRefused) {
  Issue();
  raw_->Staple(testing::MakeResponse(Paper(V_OCSP_CERTSTATUS_REVOKED)));
  EXPECT_THAT(Verdict(), HasSubstr("certificate validation failure: certificate revoked: revoked "
                                   "by the stapled response; the certificate is for mx.a.test"));
  List({});
  EXPECT_THAT(Verdict(), HasSubstr("revoked by the stapled response"));
  List({files_.certificate_file});
  raw_->Staple("");
  EXPECT_THAT(Verdict(), HasSubstr("revoked by its issuer's crl"));
  raw_->Staple(testing::MakeResponse(Paper()));
  EXPECT_THAT(Verdict(), HasSubstr("revoked by its issuer's crl"));
}

TEST_F(RevocationTest, AListIsEnough) {
  Issue();
  const auto other = ca_.Issue(testing::ForHost("other.test"));
  List({other.certificate_file}, /*soft_fail=*/false);
  EXPECT_EQ(Verdict(), "ok: good by its issuer's crl");
}

TEST_F(RevocationTest, WhatIsNotKnownPassesOnlySoftly) {
  Issue();
  EXPECT_EQ(Verdict(), "ok: no stapled response, no crl file");
  EXPECT_EQ(client_->facts.revocation.state, RevocationState::kUnknown);
  Set({.soft_fail = false});
  EXPECT_THAT(Verdict(), HasSubstr("certificate validation failure: revocation not known: no "
                                   "stapled response, no crl file; the certificate is for"));
}

TEST_F(RevocationTest, WithoutAChainOrACheckNobodyIsAsked) {
  Issue();
  Set({.soft_fail = false});
  EXPECT_EQ(Verdict(/*chain=*/false), "ok: ");
  EXPECT_FALSE(raw_->asked_to_staple());
  Set({.check = false, .soft_fail = false});
  raw_->Staple(testing::MakeResponse(Paper(V_OCSP_CERTSTATUS_REVOKED)));
  EXPECT_EQ(Verdict(), "ok: ");
  EXPECT_FALSE(raw_->asked_to_staple());
  EXPECT_EQ(client_->facts.revocation.state, RevocationState::kUnchecked);
}

TEST_F(RevocationTest, ACertificateThatMustBeStapledPassesWithAGoodResponseOnly) {
  Issue(/*must_staple=*/true);
  EXPECT_THAT(Verdict(), HasSubstr("the certificate demands a stapled response: no stapled"));
  List({});
  EXPECT_THAT(Verdict(), HasSubstr("the certificate demands a stapled response: no stapled"));
  raw_->Staple("rubbish");
  EXPECT_THAT(Verdict(), HasSubstr("demands a stapled response: the stapled response does not"));
  raw_->Staple(testing::MakeResponse(Paper()));
  EXPECT_EQ(Verdict(), "ok: good by the stapled response");
}

TEST_F(RevocationTest, AnAuthorityThatAListRevokesIsRefused) {
  testing::CertificateAuthority below("Authority below", &ca_);
  files_ = below.Issue(testing::ForHost("mx.a.test"));
  raw_.emplace(files_, std::vector<std::string>{below.ca_file()});
  List({});
  EXPECT_EQ(Verdict(), "ok: no stapled response, no crl of its issuer");
  List({below.ca_file()});
  EXPECT_THAT(Verdict(), HasSubstr("certificate of an authority revoked: revoked by its issuer's "
                                   "crl; the certificate is for Authority below"));
}

TEST_F(RevocationTest, ACertificateThatIsTrustedItselfIsNotAskedAbout) {
  files_ = ca_.SelfSign(testing::ForHost("mx.a.test"));
  ASSERT_TRUE(client_context_.Load("", "", files_.certificate_file).ok());
  raw_.emplace(files_);
  Set({.soft_fail = false});
  EXPECT_EQ(Verdict(), "ok: ");
}

TEST_F(RevocationTest, RecordsThatFitDoNotExcuseARevokedChain) {
  Issue();
  List({files_.certificate_file});
  ClientContext::Peer peer;
  peer.demand.chain = true;
  peer.demand.dane = {testing::DaneOf(files_.certificate_file, kDaneEe, 1, 1)};
  MeetAt(*raw_, client_context_, peer);
  EXPECT_THAT(std::string(client_.status().message()), HasSubstr("revoked by its issuer's crl"));
}

TEST_F(RevocationTest, AFileThatDoesNotReadChangesNothing) {
  Issue();
  List({files_.certificate_file});
  const std::uint64_t before = client_context_.version();
  const absl::Status absent = client_context_.SetRevocation({.crl_file = "/absent.crl"});
  EXPECT_TRUE(absl::IsNotFound(absent)) << absent;
  EXPECT_EQ(client_context_.version(), before);
  EXPECT_THAT(Verdict(), HasSubstr("revoked by its issuer's crl"));
  Set({});
  EXPECT_NE(client_context_.version(), before);
}

}  // namespace
}  // namespace postern::tls
