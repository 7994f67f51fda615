#include "common/tls/certificate_facts.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/tls/pem.h"
#include "tests/support/certificates.h"

namespace postern::tls {
namespace {

using ::testing::ElementsAre;

CertificateFacts FactsIn(const std::string& file) {
  const auto chain = ReadCertificates("certificate", file);
  EXPECT_TRUE(chain.ok()) << chain.status();
  return FactsOf(*chain->front());
}

TEST(CertificateFactsTest, NamesAndAddressesAreRead) {
  testing::CertificateAuthority ca;
  testing::CertificateRequest request;
  request.common_name = "mx.a.test";
  request.dns_names = {"mx.a.test", "*.a.test"};
  request.addresses = {"192.0.2.1", "2001:db8::1"};
  request.uri_names = {"spiffe://a.test/x"};
  const CertificateFacts facts = FactsIn(ca.Issue(request).certificate_file);
  EXPECT_EQ(facts.subject, "CN=mx.a.test");
  EXPECT_EQ(facts.issuer, "CN=Postern test authority");
  EXPECT_EQ(facts.serial, "02");
  EXPECT_THAT(facts.names, ElementsAre("mx.a.test", "*.a.test", "192.0.2.1", "2001:db8::1"));
  EXPECT_THAT(facts.uris, ElementsAre("spiffe://a.test/x"));
  EXPECT_LT(facts.begins, absl::Now());
  EXPECT_GT(facts.ends, absl::Now());
}

TEST(CertificateFactsTest, WithoutAlternativeNamesTheCommonNameIsTheName) {
  testing::CertificateAuthority ca;
  testing::CertificateRequest request;
  request.common_name = "mx.a.test";
  EXPECT_THAT(FactsIn(ca.Issue(request).certificate_file).names, ElementsAre("mx.a.test"));
}

TEST(CertificateFactsTest, AFewNamesAreShownAndASubjectWithoutThem) {
  CertificateFacts facts;
  EXPECT_EQ(NamesOf(facts), "nobody");
  facts.subject = "O=Contoso";
  EXPECT_EQ(NamesOf(facts), "O=Contoso");
  facts.names = {"a", "b", "c", "d", "e", "f"};
  EXPECT_EQ(NamesOf(facts), "a, b, c, d, e, ...");
}

}  // namespace
}  // namespace postern::tls
