#include "common/tls/certificate.h"

#include <utility>

#include <openssl/x509.h>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/tls/pem.h"

namespace postern::tls {

namespace {

std::string CommonNameIn(const CertificateName& name) {
  for (const std::string_view part : base::Split(name.subject, ',')) {
    if (part.starts_with("CN=")) return std::string(part.substr(3));
  }
  return "";
}

std::string VersionOf(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1) return "";
  return base::Hex({reinterpret_cast<const char*>(digest), length});
}

}  // namespace

absl::StatusOr<CertificatePtr> ReadCertificate(const std::string& certificate_file,
                                               const std::string& key_file) {
  POSTERN_ASSIGN_OR_RETURN(KeyPair pair, ReadKeyPair(certificate_file, key_file));
  X509* const leaf = pair.chain.front().get();
  auto certificate = std::make_shared<Certificate>();
  certificate->name.issuer = NormalName(*X509_get_issuer_name(leaf));
  certificate->name.subject = NormalName(*X509_get_subject_name(leaf));
  certificate->facts = FactsOf(*leaf);
  for (const std::string& name : certificate->facts.names)
    certificate->host_names.push_back(base::LowerAscii(name));
  const std::string common_name = CommonNameIn(certificate->name);
  if (!common_name.empty()) certificate->host_names.push_back(common_name);
  certificate->self_signed = X509_self_signed(leaf, /*verify_signature=*/0) == 1;
  certificate->version = VersionOf(leaf);
  certificate->keys = std::make_shared<const KeyPair>(std::move(pair));
  return certificate;
}

}  // namespace postern::tls
