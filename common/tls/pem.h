// common/tls/pem.h
//
// Certificates, revocation lists and keys read from PEM files.
//
// Failure   kNotFound or kInvalidArgument: "tls certificate /x/y.pem: cannot read: no such file
//           or directory", "tls key /x/y.key: holds no private key without a passphrase".
// Limits    A file of at most 4 MiB; one of revocation lists of at most 64 MiB.
// See       RFC 7468

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace postern::tls {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

struct FreeCrl {
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
};

using CertificatePointer = std::unique_ptr<X509, FreeCertificate>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeKey>;
using CrlPointer = std::unique_ptr<X509_CRL, FreeCrl>;

// All certificates of the file, at least one. `kind` names it in errors: "certificate", "authority
// file".
absl::StatusOr<std::vector<CertificatePointer>> ReadCertificates(std::string_view kind,
                                                                 const std::string& path);
// All revocation lists of the file, at least one.
absl::StatusOr<std::vector<CrlPointer>> ReadCrls(const std::string& path);
absl::StatusOr<KeyPointer> ReadKey(const std::string& path);

// A certificate with what leads from it to its authority, and its key.
struct KeyPair {
  std::vector<CertificatePointer> chain;  // ours first; never empty
  KeyPointer key;
};

// The key belongs to the first certificate of the file.
absl::StatusOr<KeyPair> ReadKeyPair(const std::string& certificate_file,
                                    const std::string& key_file);

}  // namespace postern::tls
