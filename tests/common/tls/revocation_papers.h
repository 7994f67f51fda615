// tests/common/tls/revocation_papers.h
//
// OCSP responses and revocation lists, as an authority makes them.
//
// Flow      OcspPaper paper{...}; MakeResponse(paper); AppendCrl(CrlPaper{...}, path).

#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include "common/base/check.h"
#include "common/tls/pem.h"
#include "tests/support/certificates.h"

namespace postern::testing {

inline tls::CertificatePointer CertificateIn(const std::string& file) {
  auto read = tls::ReadCertificates("certificate", file);
  POSTERN_CHECK(read.ok());
  return std::move(read->front());
}

inline tls::KeyPointer KeyIn(const std::string& file) {
  auto read = tls::ReadKey(file);
  POSTERN_CHECK(read.ok());
  return std::move(*read);
}

struct OcspPaper {
  std::string certificate_file;  // whom it is about
  std::string issuer_file;
  CertificateFiles signer;
  int status = V_OCSP_CERTSTATUS_GOOD;
  absl::Duration made_in = -absl::Hours(1);
  absl::Duration next_in = absl::Hours(1);
  bool has_next = true;
  const EVP_MD* digest = EVP_sha1();
};

inline std::string MakeResponse(const OcspPaper& paper) {
  const auto at = [](absl::Duration from_now) {
    return ASN1_TIME_set(nullptr, absl::ToTimeT(absl::Now() + from_now));
  };
  const auto certificate = CertificateIn(paper.certificate_file);
  const auto issuer = CertificateIn(paper.issuer_file);
  const auto signer = CertificateIn(paper.signer.certificate_file);
  const auto key = KeyIn(paper.signer.key_file);
  OCSP_BASICRESP* const basic = OCSP_BASICRESP_new();
  OCSP_CERTID* const id = OCSP_cert_to_id(paper.digest, certificate.get(), issuer.get());
  ASN1_TIME* const revoked = at(-absl::Hours(2));
  ASN1_TIME* const made = at(paper.made_in);
  ASN1_TIME* const next = at(paper.next_in);
  const bool is_revoked = paper.status == V_OCSP_CERTSTATUS_REVOKED;
  POSTERN_CHECK(OCSP_basic_add1_status(basic, id, paper.status, OCSP_REVOKED_STATUS_NOSTATUS,
                                       is_revoked ? revoked : nullptr, made,
                                       paper.has_next ? next : nullptr) != nullptr);
  POSTERN_CHECK(OCSP_basic_sign(basic, signer.get(), key.get(), EVP_sha256(), nullptr, 0) == 1);
  OCSP_RESPONSE* const response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* bytes = nullptr;
  const int length = i2d_OCSP_RESPONSE(response, &bytes);
  POSTERN_CHECK(length > 0);
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  for (ASN1_TIME* time : {revoked, made, next})
    ASN1_TIME_free(time);
  return out;
}

struct CrlPaper {
  std::string issuer_file;
  std::string key_file;
  std::vector<std::string> revoked;  // certificate files
  absl::Duration made_in = -absl::Hours(1);
  absl::Duration next_in = absl::Hours(1);
  bool partial = false;  // for users' certificates only
};

// Adds the list to the file.
inline void AppendCrl(const CrlPaper& paper, const std::string& path) {
  const auto issuer = CertificateIn(paper.issuer_file);
  const auto key = KeyIn(paper.key_file);
  const tls::CrlPointer list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.get()));
  const auto at = [](absl::Duration from_now) {
    return std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)>(
        ASN1_TIME_set(nullptr, absl::ToTimeT(absl::Now() + from_now)), ASN1_TIME_free);
  };
  X509_CRL_set1_lastUpdate(list.get(), at(paper.made_in).get());
  X509_CRL_set1_nextUpdate(list.get(), at(paper.next_in).get());
  for (const std::string& file : paper.revoked) {
    const auto certificate = CertificateIn(file);
    X509_REVOKED* const revoked = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(revoked, X509_get_serialNumber(certificate.get()));
    X509_REVOKED_set_revocationDate(revoked, at(-absl::Hours(2)).get());
    POSTERN_CHECK(X509_CRL_add0_revoked(list.get(), revoked) == 1);
  }
  if (paper.partial) {
    ISSUING_DIST_POINT* const part = ISSUING_DIST_POINT_new();
    part->onlyuser = 0xFF;
    POSTERN_CHECK(X509_CRL_add1_ext_i2d(list.get(), NID_issuing_distribution_point, part,
                                        /*crit=*/1, 0) == 1);
    ISSUING_DIST_POINT_free(part);
  }
  X509_CRL_sort(list.get());
  POSTERN_CHECK(X509_CRL_sign(list.get(), key.get(), EVP_sha256()) > 0);
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "a"),
                                                                std::fclose);
  POSTERN_CHECK(file != nullptr && PEM_write_X509_CRL(file.get(), list.get()) == 1);
}

}  // namespace postern::testing
