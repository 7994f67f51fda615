#include "common/tls/tls_result.h"

#include "gtest/gtest.h"
#include <openssl/x509_vfy.h>

namespace postern::tls {
namespace {

TEST(TlsResultTest, AStatusCarriesItsResult) {
  const absl::Status failed = absl::UnauthenticatedError("no");
  EXPECT_EQ(TlsResultOf(failed), "validation-failure");
  EXPECT_EQ(TlsResultOf(WithTlsResult(failed, kExpired)), "certificate-expired");
}

TEST(TlsResultTest, WhatOpenSslSaysHasItsName) {
  EXPECT_EQ(TlsResultOfChain(X509_V_ERR_CERT_HAS_EXPIRED), kExpired);
  EXPECT_EQ(TlsResultOfChain(X509_V_ERR_HOSTNAME_MISMATCH), kHostMismatch);
  EXPECT_EQ(TlsResultOfChain(X509_V_ERR_DANE_NO_MATCH), kValidationFailure);
  EXPECT_EQ(TlsResultOfChain(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT), kNotTrusted);
}

}  // namespace
}  // namespace postern::tls
