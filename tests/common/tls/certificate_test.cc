#include "common/tls/certificate.h"

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/certificates.h"

namespace postern::tls {
namespace {

using ::testing::IsSupersetOf;

TEST(CertificateTest, WhatItIsForIsInLowerCase) {
  testing::CertificateAuthority ca("Contoso CA");
  testing::CertificateRequest request;
  request.common_name = "Mail.Contoso.Test";
  request.dns_names = {"SMTP.contoso.test", "*.contoso.test"};
  const auto files = ca.Issue(request);
  const auto read = ReadCertificate(files.certificate_file, files.key_file);
  ASSERT_TRUE(read.ok()) << read.status();
  const Certificate& certificate = **read;
  EXPECT_EQ(certificate.name, *CertificateName::Parse("<I>CN=Contoso CA<S>CN=mail.contoso.test"));
  EXPECT_THAT(certificate.host_names,
              IsSupersetOf({"mail.contoso.test", "smtp.contoso.test", "*.contoso.test"}));
  EXPECT_FALSE(certificate.self_signed);
  EXPECT_EQ(certificate.version.size(), 64u);
  EXPECT_TRUE(certificate.valid(absl::Now()));
  EXPECT_FALSE(certificate.valid(absl::Now() - absl::Hours(2)));
  EXPECT_FALSE(certificate.valid(absl::Now() + absl::Hours(25)));
}

TEST(CertificateTest, ASelfSignedOneIsKnownAndAStrangeKeyIsRefused) {
  testing::CertificateAuthority ca;
  const auto own = ca.SelfSign(testing::ForHost("a.test"));
  const auto other = ca.Issue(testing::ForHost("b.test"));
  EXPECT_TRUE((*ReadCertificate(own.certificate_file, own.key_file))->self_signed);
  EXPECT_TRUE(
      absl::IsInvalidArgument(ReadCertificate(own.certificate_file, other.key_file).status()));
  EXPECT_TRUE(absl::IsNotFound(ReadCertificate("/nowhere.crt", own.key_file).status()));
}

}  // namespace
}  // namespace postern::tls
