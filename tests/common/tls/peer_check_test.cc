#include "common/tls/peer_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/common/tls/tls_test.h"

namespace postern::tls {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PeerCheckTest : public TlsTest {
 protected:
  void Serve(const testing::CertificateFiles& files, const std::string& client_ca = "") {
    const auto loaded = server_context_.Load(files.certificate_file, files.key_file, client_ca);
    ASSERT_TRUE(loaded.ok()) << loaded;
  }

  // "ok", or the reason.
  std::string Verdict(Demand demand) {
    ClientContext::Peer peer;
    peer.server_name = "mx.contoso.test";
    peer.demand = std::move(demand);
    MeetWith(client_context_, std::move(peer));
    return client_.ok() ? "ok" : std::string(client_.status().message());
  }

  static Demand Chain() {
    Demand demand;
    demand.chain = true;
    return demand;
  }

  static Demand Names(std::vector<std::string> names) {
    Demand demand = Chain();
    demand.names = std::move(names);
    return demand;
  }
};

testing::CertificateRequest Named(std::vector<std::string> names, std::string common_name = "") {
  testing::CertificateRequest request;
  request.common_name = std::move(common_name);
  request.dns_names = std::move(names);
  return request;
}

// What Exchange's TlsDomain means for each kind of certificate.
TEST_F(PeerCheckTest, ANameFitsOrDoesNot) {
  struct Row {
    std::vector<std::string> certificate;
    std::string looked_for;
    bool fits;
  };

  const Row rows[] = {
      {{"mx.contoso.test"}, "mx.contoso.test", true},
      {{"mx.contoso.test"}, "MX.Contoso.Test", true},
      {{"mx.contoso.test"}, "contoso.test", false},
      {{"other.test", "mx.contoso.test"}, "mx.contoso.test", true},
      {{"*.contoso.test"}, "mx.contoso.test", true},
      {{"*.contoso.test"}, "contoso.test", false},
      {{"*.contoso.test"}, "a.mx.contoso.test", false},
      {{"contoso.test"}, "*.contoso.test", true},
      {{"mx.contoso.test"}, "*.contoso.test", true},
      {{"a.mx.contoso.test"}, "*.contoso.test", true},
      {{"*.contoso.test"}, "*.contoso.test", true},
      {{"*.mx.contoso.test"}, "*.contoso.test", true},
      {{"*.test"}, "*.contoso.test", false},
      {{"evilcontoso.test"}, "*.contoso.test", false},
      {{"contoso.test.evil.test"}, "*.contoso.test", false},
  };
  for (const Row& row : rows) {
    Serve(ca_.Issue(Named(row.certificate)));
    const std::string verdict = Verdict(Names({row.looked_for}));
    EXPECT_EQ(verdict == "ok", row.fits)
        << row.certificate[0] << " for " << row.looked_for << ": " << verdict;
    // The chain alone holds for every one of them.
    EXPECT_EQ(Verdict(Chain()), "ok");
  }
}

TEST_F(PeerCheckTest, TheCommonNameCountsOnlyWithoutAlternativeNames) {
  Serve(ca_.Issue(Named({}, "mx.contoso.test")));
  EXPECT_EQ(Verdict(Names({"mx.contoso.test"})), "ok");
  Serve(ca_.Issue(Named({"other.test"}, "mx.contoso.test")));
  EXPECT_NE(Verdict(Names({"mx.contoso.test"})), "ok");
}

TEST_F(PeerCheckTest, TheCommonNameDoesNotCountWhereAlternativeNamesAreDemanded) {
  Demand demand = Names({"mx.contoso.test"});
  demand.alternative_names = true;
  Serve(ca_.Issue(Named({}, "mx.contoso.test")));
  EXPECT_THAT(Verdict(demand), HasSubstr("looked for mx.contoso.test"));
  Serve(ca_.Issue(Named({"mx.contoso.test"}, "other.test")));
  EXPECT_EQ(Verdict(demand), "ok");
}

TEST_F(PeerCheckTest, EveryNameThatIsDemandedMustFit) {
  Serve(ca_.Issue(Named({"relay.contoso.test", "mx.partner.test"})));
  EXPECT_EQ(Verdict(Names({"relay.contoso.test", "*.partner.test"})), "ok");
  EXPECT_THAT(Verdict(Names({"relay.contoso.test", "*.fabrikam.test"})),
              HasSubstr("looked for *.fabrikam.test"));
}

TEST_F(PeerCheckTest, AReasonNamesWhatWasLookedForAndWhatThereIs) {
  Serve(ca_.Issue(Named({"a.test", "b.test"}, "a.test")));
  EXPECT_EQ(Verdict(Names({"contoso.test"})),
            "certificate validation failure: hostname mismatch; looked for contoso.test, the "
            "certificate is for a.test, b.test");
  EXPECT_THAT(Verdict(Names({"192.0.2.7"})),
              HasSubstr("ip address mismatch; looked for 192.0.2.7"));
  Serve(ca_.SelfSign(Named({"contoso.test"}, "contoso.test")));
  EXPECT_EQ(Verdict(Names({"contoso.test"})),
            "certificate validation failure: self-signed certificate; the certificate is for "
            "contoso.test, issued by CN=contoso.test");
  Serve(ca_.Issue(testing::Expired("contoso.test")));
  EXPECT_THAT(Verdict(Chain()), HasSubstr("certificate has expired"));
  EXPECT_TRUE(absl::IsUnauthenticated(client_.status()));
}

TEST_F(PeerCheckTest, NothingDemandedTakesEveryCertificate) {
  for (const auto& files :
       {ca_.SelfSign(testing::ForHost("x.test")), ca_.Issue(testing::Expired("mx.contoso.test"))}) {
    Serve(files);
    EXPECT_EQ(Verdict(Demand()), "ok");
    EXPECT_FALSE(client_->facts.verified);
  }
}

TEST_F(PeerCheckTest, WhatIsTriedIsToldAndNotDemanded) {
  const auto tried = [this](const testing::CertificateFiles& files, std::string name) {
    Serve(files);
    ClientContext::Peer peer;
    peer.tried_name = std::move(name);
    MeetWith(client_context_, std::move(peer));
    EXPECT_TRUE(client_.ok()) << client_.status();
    return client_->facts.tried;
  };
  const auto good = ca_.Issue(testing::ForHost("mx.contoso.test"));
  EXPECT_EQ(tried(good, "mx.contoso.test"), "successful");
  EXPECT_EQ(tried(good, "mx.contoso.test."), "successful");
  EXPECT_EQ(tried(good, "other.test"), "certificate-host-mismatch");
  EXPECT_EQ(tried(good, ""), "");
  EXPECT_EQ(tried(ca_.Issue(testing::Expired("mx.contoso.test")), "mx.contoso.test"),
            "certificate-expired");
  EXPECT_EQ(tried(ca_.SelfSign(testing::ForHost("mx.contoso.test")), "mx.contoso.test"),
            "certificate-not-trusted");
}

TEST_F(PeerCheckTest, ACertificateIsShownOnlyToThoseWhoAsk) {
  const auto own = ca_.Issue(testing::ForHost("client.test"));
  const auto certificate = ReadCertificate(own.certificate_file, own.key_file);
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  ClientContext::Peer peer;
  peer.certificate = *certificate;

  Serve(ca_.Issue(testing::ForHost("mx.contoso.test")));
  MeetWith(client_context_, peer);
  ASSERT_TRUE(client_.ok() && server_.ok());
  EXPECT_FALSE(client_->facts.asked);
  EXPECT_EQ(server_->facts.peer_subject, "");

  Serve(ca_.Issue(testing::ForHost("mx.contoso.test")), ca_.ca_file());
  MeetWith(client_context_, peer);
  ASSERT_TRUE(client_.ok() && server_.ok()) << client_.status() << server_.status();
  EXPECT_TRUE(client_->facts.asked);
  EXPECT_EQ(server_->facts.peer_subject, "CN=client.test");
  EXPECT_TRUE(server_->facts.verified);
}

TEST_F(PeerCheckTest, FactsOfThePeerAreThereWhenTheyAreWanted) {
  Serve(ca_.Issue(Named({"mx.contoso.test", "*.contoso.test"}, "mx.contoso.test")));
  ClientContext::Peer peer;
  MeetWith(client_context_, peer);
  EXPECT_FALSE(client_->facts.peer.has_value());
  peer.describe = true;
  MeetWith(client_context_, peer);
  ASSERT_TRUE(client_->facts.peer.has_value());
  EXPECT_EQ(client_->facts.peer->subject, "CN=mx.contoso.test");
  EXPECT_EQ(client_->facts.peer->issuer, "CN=Postern test authority");
  EXPECT_THAT(client_->facts.peer->names, ElementsAre("mx.contoso.test", "*.contoso.test"));
  EXPECT_EQ(client_->facts.peer->thumbprint.size(), 40u);
}

}  // namespace
}  // namespace postern::tls
