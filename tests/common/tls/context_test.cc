#include "common/tls/context.h"

#include <fstream>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/common/tls/tls_test.h"

namespace postern::tls {
namespace {

using ::testing::HasSubstr;

class ContextTest : public TlsTest {
 protected:
  // What Load says of these files, as text.
  std::string WhyNot(const std::string& certificate, const std::string& key) {
    ServerContext context;
    const absl::Status status = context.Load(certificate, key);
    EXPECT_FALSE(status.ok());
    return std::string(status.message());
  }

  std::string FileWith(const std::string& text) {
    const std::string path = base::Cat(ca_.folder(), "/file", ++files_, ".pem");
    std::ofstream(path) << text;
    return path;
  }

  int files_ = 0;
};

TEST_F(ContextTest, BothEndsAgreeAndWordsArrive) {
  Serve(testing::ForHost("mx.a.test"));
  Meet("mx.a.test", /*verify=*/true);
  ASSERT_TRUE(client_.ok()) << client_.status();
  ASSERT_TRUE(server_.ok()) << server_.status();
  EXPECT_EQ(client_->facts.version, "TLSv1.3");
  EXPECT_THAT(client_->facts.cipher, HasSubstr("TLS_"));
  EXPECT_TRUE(client_->facts.verified);
  EXPECT_EQ(client_->facts.peer_subject, "CN=mx.a.test");
  EXPECT_EQ(server_->facts.peer_subject, "");
  EXPECT_FALSE(server_->facts.verified);
  EXPECT_EQ(Echoed("EHLO a.test\r\n"), "EHLO a.test\r\n");
}

TEST_F(ContextTest, VerificationRefusesTheWrongNameTheWrongTimeAndTheWrongAuthority) {
  const struct {
    testing::CertificateRequest request;
    const char *name, *rule;
  } kCases[] = {{testing::ForHost("mx.a.test"), "mx.b.test", "hostname mismatch"},
                {testing::ForHost("mx.a.test"), "192.0.2.1", "ip address mismatch"},
                {testing::ForHost("*.test"), "mx.a.test", "hostname mismatch"},
                {testing::Expired("mx.a.test"), "mx.a.test", "certificate has expired"}};

  for (const auto& row : kCases) {
    Serve(row.request);
    Meet(row.name, /*verify=*/true);
    EXPECT_TRUE(absl::IsUnauthenticated(client_.status())) << client_.status();
    EXPECT_THAT(std::string(client_.status().message()), HasSubstr(row.rule));
  }
  testing::CertificateAuthority stranger;
  ASSERT_TRUE(client_context_.Load("", "", stranger.ca_file()).ok());
  Serve(testing::ForHost("mx.a.test"));
  Meet("mx.a.test", /*verify=*/true);
  EXPECT_THAT(std::string(client_.status().message()), HasSubstr("certificate signature failure"));
}

TEST_F(ContextTest, NamesAndAddressesInTheCertificateAreAccepted) {
  Serve(testing::ForHost("*.a.test"));
  Meet("MX.a.test.", /*verify=*/true);
  EXPECT_TRUE(client_.ok()) << client_.status();
  Serve(testing::ForService("spiffe://postern.test/site-a/frontend-transport"));
  Meet("127.0.0.1", /*verify=*/true);
  EXPECT_TRUE(client_.ok()) << client_.status();
  Meet("::1", /*verify=*/true);
  EXPECT_TRUE(client_.ok()) << client_.status();
}

TEST_F(ContextTest, WithoutVerificationEveryCertificateWillDoAndFactsTellTheTruth) {
  Serve(testing::Expired("mx.a.test"));
  Meet("mx.a.test", /*verify=*/false);
  ASSERT_TRUE(client_.ok()) << client_.status();
  EXPECT_FALSE(client_->facts.verified);
  Serve(testing::ForHost("mx.a.test"));
  Meet("mx.b.test", /*verify=*/false);
  EXPECT_FALSE(client_->facts.verified);
  Meet("", /*verify=*/false);
  ASSERT_TRUE(client_.ok()) << client_.status();
  EXPECT_FALSE(client_->facts.verified);
  Meet("mx.a.test", /*verify=*/false);
  EXPECT_TRUE(client_->facts.verified);
}

TEST_F(ContextTest, EachLoadIsAnotherVersion) {
  const std::uint64_t before = client_context_.version();
  ASSERT_TRUE(client_context_.Load("", "", ca_.ca_file()).ok());
  EXPECT_NE(client_context_.version(), before);
}

TEST_F(ContextTest, ClientCertificateIsAskedForAndChecked) {
  Serve(testing::ForHost("mx.a.test"), ca_.ca_file());
  Meet("mx.a.test", /*verify=*/true);
  ASSERT_TRUE(server_.ok()) << server_.status();
  EXPECT_FALSE(server_->facts.verified);

  const auto own = ca_.Issue(testing::ForHost("client.test"));
  ASSERT_TRUE(client_context_.Load(own.certificate_file, own.key_file, ca_.ca_file()).ok());
  Meet("mx.a.test", /*verify=*/true);
  ASSERT_TRUE(server_.ok()) << server_.status();
  EXPECT_TRUE(server_->facts.verified);
  EXPECT_EQ(server_->facts.peer_subject, "CN=client.test");

  testing::CertificateAuthority stranger;
  const auto other = stranger.Issue(testing::ForHost("client.test"));
  ASSERT_TRUE(client_context_.Load(other.certificate_file, other.key_file, ca_.ca_file()).ok());
  Meet("mx.a.test", /*verify=*/true);
  EXPECT_FALSE(server_.ok());
}

TEST_F(ContextTest, ReloadServesTheNewCertificateAndLeavesLiveSessionsAlone) {
  Serve(testing::ForHost("old.test"));
  Meet("old.test", /*verify=*/true);
  ASSERT_TRUE(client_.ok()) << client_.status();
  Serve(testing::ForHost("new.test"));
  EXPECT_EQ(Echoed("still here"), "still here");
  Meet("new.test", /*verify=*/true);
  EXPECT_TRUE(client_.ok()) << client_.status();
}

TEST_F(ContextTest, FailedReloadKeepsWhatWasThere) {
  Serve(testing::ForHost("mx.a.test"));
  EXPECT_FALSE(server_context_.Load("/nowhere.pem", "/nowhere.key").ok());
  EXPECT_FALSE(client_context_.Load("", "", "/nowhere.pem").ok());
  Meet("mx.a.test", /*verify=*/true);
  EXPECT_TRUE(client_.ok()) << client_.status();
}

TEST_F(ContextTest, ServerWithoutACertificateRefusesToStart) {
  Meet("mx.a.test", /*verify=*/true);
  EXPECT_TRUE(absl::IsFailedPrecondition(server_.status())) << server_.status();
  EXPECT_FALSE(client_.ok());
}

TEST_F(ContextTest, ErrorsNameFileAndRule) {
  const auto good = ca_.Issue(testing::ForHost("mx.a.test"));
  const auto other = ca_.Issue(testing::ForHost("mx.a.test"));
  const std::string none = FileWith("nothing here\n");
  const std::string damaged =
      FileWith("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const std::string large = FileWith(std::string(5 << 20, 'x'));
  EXPECT_EQ(WhyNot("/x/y.pem", good.key_file),
            "tls certificate /x/y.pem: cannot read: no such file or directory");
  EXPECT_EQ(WhyNot(ca_.folder(), good.key_file),
            "tls certificate " + ca_.folder() + ": cannot read: is a directory");
  EXPECT_EQ(WhyNot(none, good.key_file), "tls certificate " + none + ": holds no certificate");
  EXPECT_THAT(WhyNot(damaged, good.key_file),
              HasSubstr("tls certificate " + damaged + ": certificate 1 does not read: "));
  EXPECT_EQ(WhyNot(large, good.key_file), "tls certificate " + large + ": larger than 4MB");
  EXPECT_EQ(WhyNot(good.certificate_file, "/x/y.key"),
            "tls key /x/y.key: cannot read: no such file or directory");
  EXPECT_EQ(WhyNot(good.certificate_file, none),
            "tls key " + none + ": holds no private key without a passphrase");
  EXPECT_EQ(WhyNot(good.certificate_file, other.key_file),
            "tls key " + other.key_file + ": does not match certificate " + good.certificate_file);
  EXPECT_TRUE(absl::IsNotFound(ServerContext().Load("/x/y.pem", good.key_file)));
  EXPECT_THAT(std::string(ClientContext().Load(good.certificate_file, "", "").message()),
              HasSubstr("either both or neither"));
  EXPECT_EQ(ClientContext().Load("", "", none).message(),
            "tls authority file " + none + ": holds no certificate");
}

TEST_F(ContextTest, ExpiryIsTheEndOfTheFirstCertificate) {
  const auto files = ca_.Issue(testing::ForHost("mx.a.test"));
  const auto expiry = ExpiryOf(files.certificate_file);
  ASSERT_TRUE(expiry.ok()) << expiry.status();
  EXPECT_LT(*expiry - absl::Now(), absl::Hours(24) + absl::Seconds(1));
  EXPECT_GT(*expiry - absl::Now(), absl::Hours(23));
  EXPECT_TRUE(absl::IsNotFound(ExpiryOf("/x/y.pem").status()));
}

TEST_F(ContextTest, DefaultClientTrustsTheSystemAndNotTheTestAuthority) {
  Serve(testing::ForHost("mx.a.test"));
  ClientContext fresh;
  MeetWith(fresh, "mx.a.test", /*verify=*/true);
  EXPECT_THAT(std::string(client_.status().message()),
              HasSubstr("unable to get local issuer certificate"));
  MeetWith(fresh, "mx.a.test", /*verify=*/false);
  ASSERT_TRUE(client_.ok()) << client_.status();
  EXPECT_FALSE(client_->facts.verified);
}

}  // namespace
}  // namespace postern::tls
