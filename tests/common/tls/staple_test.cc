#include "common/tls/staple.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/common/tls/raw_server.h"
#include "tests/common/tls/revocation_papers.h"
#include "tests/common/tls/tls_test.h"

namespace postern::tls {
namespace {

using testing::MakeResponse;
using testing::OcspPaper;

class StapleTest : public TlsTest {
 protected:
  StapleTest() : files_(ca_.Issue(testing::ForHost("mx.a.test"))), raw_(files_) {}

  OcspPaper Paper() const {
    OcspPaper paper;
    paper.certificate_file = files_.certificate_file;
    paper.issuer_file = ca_.ca_file();
    paper.signer = {ca_.ca_file(), ca_.key_file()};
    return paper;
  }

  // What the client learns of the response.
  std::string Learned(std::string response) {
    raw_.Staple(std::move(response));
    ClientContext::Peer peer;
    peer.demand.chain = true;
    MeetAt(raw_, client_context_, std::move(peer));
    if (!client_.ok()) return std::string(client_.status().message());
    const std::string words = client_->facts.revocation.words;
    return words.substr(0, words.find(", "));
  }

  testing::CertificateFiles files_;
  RawServer raw_;
};

constexpr char kGood[] = "good by the stapled response";
constexpr char kStale[] = "the stapled response is out of date";
constexpr char kUnsigned[] = "the stapled response is not signed by the issuer";

TEST_F(StapleTest, TheResponderChoosesTheDigestOfTheName) {
  OcspPaper paper = Paper();
  EXPECT_EQ(Learned(MakeResponse(paper)), kGood);
  paper.digest = EVP_sha256();
  EXPECT_EQ(Learned(MakeResponse(paper)), kGood);
}

TEST_F(StapleTest, AResponseCountsInItsTime) {
  OcspPaper paper = Paper();
  paper.made_in = -absl::Hours(9 * 24);
  EXPECT_EQ(Learned(MakeResponse(paper)), kGood);
  paper.next_in = -absl::Hours(1);
  EXPECT_EQ(Learned(MakeResponse(paper)), kStale);
  paper.next_in = -absl::Minutes(1);
  EXPECT_EQ(Learned(MakeResponse(paper)), kGood);
  paper = Paper();
  paper.made_in = absl::Hours(1);
  paper.next_in = absl::Hours(2);
  EXPECT_EQ(Learned(MakeResponse(paper)), kStale);
  paper.made_in = absl::Minutes(1);
  EXPECT_EQ(Learned(MakeResponse(paper)), kGood);
}

TEST_F(StapleTest, WithoutAnEndAResponseCountsForAWeek) {
  OcspPaper paper = Paper();
  paper.has_next = false;
  paper.made_in = -absl::Hours(6 * 24);
  EXPECT_EQ(Learned(MakeResponse(paper)), kGood);
  paper.made_in = -absl::Hours(8 * 24);
  EXPECT_EQ(Learned(MakeResponse(paper)), kStale);
}

TEST_F(StapleTest, ARevocationHasNoEnd) {
  OcspPaper paper = Paper();
  paper.status = V_OCSP_CERTSTATUS_REVOKED;
  paper.next_in = -absl::Hours(1);
  EXPECT_THAT(Learned(MakeResponse(paper)), ::testing::HasSubstr("certificate revoked"));
}

TEST_F(StapleTest, AResponderMayNotKnow) {
  OcspPaper paper = Paper();
  paper.status = V_OCSP_CERTSTATUS_UNKNOWN;
  EXPECT_EQ(Learned(MakeResponse(paper)), "the stapled response does not know it");
}

TEST_F(StapleTest, TheIssuerMayLetAnotherSign) {
  OcspPaper paper = Paper();
  testing::CertificateRequest responder = testing::ForHost("ocsp.a.test");
  paper.signer = ca_.Issue(responder);
  EXPECT_EQ(Learned(MakeResponse(paper)), kUnsigned);
  responder.extended_key_usage = "OCSPSigning";
  paper.signer = ca_.Issue(responder);
  EXPECT_EQ(Learned(MakeResponse(paper)), kGood);
  responder.begins_in = -absl::Hours(48);
  responder.ends_in = -absl::Hours(1);
  paper.signer = ca_.Issue(responder);
  EXPECT_EQ(Learned(MakeResponse(paper)), kUnsigned);
}

TEST_F(StapleTest, NobodyElseSigns) {
  OcspPaper paper = Paper();
  // The server itself, over itself.
  paper.signer = files_;
  EXPECT_EQ(Learned(MakeResponse(paper)), kUnsigned);
  testing::CertificateAuthority stranger;
  paper.signer = {stranger.ca_file(), stranger.key_file()};
  EXPECT_EQ(Learned(MakeResponse(paper)), kUnsigned);
  // One that another authority has let sign.
  testing::CertificateRequest responder = testing::ForHost("ocsp.a.test");
  responder.extended_key_usage = "OCSPSigning";
  paper.signer = stranger.Issue(responder);
  EXPECT_EQ(Learned(MakeResponse(paper)), kUnsigned);
}

TEST_F(StapleTest, AResponseIsAboutThisCertificate) {
  OcspPaper paper = Paper();
  paper.certificate_file = ca_.Issue(testing::ForHost("other.test")).certificate_file;
  EXPECT_EQ(Learned(MakeResponse(paper)), "the stapled response is about another certificate");
}

TEST_F(StapleTest, WhatDoesNotReadSaysNothing) {
  EXPECT_EQ(Learned("x"), "the stapled response does not read");
  const std::string response = MakeResponse(Paper());
  EXPECT_EQ(Learned(response.substr(0, response.size() / 2)), "the stapled response does not read");
  EXPECT_EQ(Learned(""), "no stapled response");
  // Another year in nextUpdate, the last of the times: tag, length, "2026...".
  std::string changed = response;
  changed[changed.rfind("\x18\x0f") + 5] ^= 1;
  EXPECT_EQ(Learned(changed), kUnsigned);
  // "tryLater", without more.
  EXPECT_EQ(Learned(std::string("\x30\x03\x0a\x01\x03")), "the stapled response says trylater");
}

TEST_F(StapleTest, OnlyTheFeatureMakesAStapleAMust) {
  testing::CertificateRequest request = testing::ForHost("mx.a.test");
  EXPECT_FALSE(MustStaple(testing::CertificateIn(files_.certificate_file).get()));
  request.must_staple = true;
  EXPECT_TRUE(MustStaple(testing::CertificateIn(ca_.Issue(request).certificate_file).get()));
}

}  // namespace
}  // namespace postern::tls
