// tests/common/tls/dane_records.h
//
// The TLSA data of a certificate in a PEM file, as its owner would publish it.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/base/check.h"
#include "common/tls/dane_anchor.h"
#include "common/tls/pem.h"

namespace postern::testing {

inline tls::DaneAnchor DaneOf(const std::string& certificate_file,
                              std::uint8_t usage,
                              std::uint8_t selector,
                              std::uint8_t matching) {
  const auto chain = tls::ReadCertificates("certificate", certificate_file);
  POSTERN_CHECK(chain.ok());
  X509* const certificate = chain->front().get();
  unsigned char* bytes = nullptr;
  const int length = selector == 0 ? i2d_X509(certificate, &bytes)
                                   : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes);
  POSTERN_CHECK(length > 0);
  std::string data(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  if (matching != 0) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int written = 0;
    POSTERN_CHECK(EVP_Digest(data.data(), data.size(), digest, &written,
                             matching == 1 ? EVP_sha256() : EVP_sha512(), nullptr) == 1);
    data.assign(reinterpret_cast<const char*>(digest), written);
  }
  return {.usage = usage, .selector = selector, .matching = matching, .data = std::move(data)};
}

}  // namespace postern::testing
