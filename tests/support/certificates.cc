#include "tests/support/certificates.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

Key NewKey() {
  return Key(EVP_EC_gen("P-256"), EVP_PKEY_free);
}

File Create(const std::string& path) {
  File file(std::fopen(path.c_str(), "w"), std::fclose);
  POSTERN_CHECK(file != nullptr);
  return file;
}

void WriteCertificate(const std::string& path, X509* certificate) {
  const File file = Create(path);
  POSTERN_CHECK(PEM_write_X509(file.get(), certificate) == 1);
}

void WriteKey(const std::string& path, EVP_PKEY* key) {
  const File file = Create(path);
  POSTERN_CHECK(PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()), X509_EXTENSION_free);
  POSTERN_CHECK(extension != nullptr);
  POSTERN_CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

void SetCommonName(X509_NAME* name, const std::string& common_name) {
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  POSTERN_CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1);
}

Certificate NewCertificate(long serial, absl::Duration begins_in, absl::Duration ends_in) {
  Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()),
                  static_cast<long>(absl::ToInt64Seconds(begins_in)));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()),
                  static_cast<long>(absl::ToInt64Seconds(ends_in)));
  return certificate;
}

std::string AlternativeNames(const CertificateRequest& request) {
  std::vector<std::string> names;
  for (const auto& name : request.dns_names)
    names.push_back("DNS:" + name);
  for (const auto& name : request.uri_names)
    names.push_back("URI:" + name);
  for (const auto& address : request.addresses)
    names.push_back("IP:" + address);
  return base::Join(names, ",");
}

}  // namespace

CertificateRequest ForHost(std::string host) {
  CertificateRequest request;
  request.common_name = host;
  request.dns_names = {std::move(host)};
  return request;
}

CertificateRequest ForService(std::string uri, std::string host) {
  CertificateRequest request;
  request.common_name = host;
  request.dns_names = {"localhost"};
  if (host != "localhost") request.dns_names.push_back(std::move(host));
  request.uri_names = {std::move(uri)};
  request.addresses = {"127.0.0.1", "::1"};
  return request;
}

CertificateRequest Expired(std::string host) {
  CertificateRequest request = ForHost(std::move(host));
  request.begins_in = -absl::Hours(48);
  request.ends_in = -absl::Hours(1);
  return request;
}

struct CertificateAuthority::Keys {
  Key key = NewKey();
  Certificate certificate{nullptr, X509_free};
};

CertificateAuthority::CertificateAuthority(std::string name, const CertificateAuthority* parent)
    : keys_(std::make_unique<Keys>()) {
  std::string pattern = (std::filesystem::temp_directory_path() / "postern-ca-XXXXXX").string();
  POSTERN_CHECK(::mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  ca_file_ = folder_ + "/ca.pem";

  keys_->certificate = NewCertificate(1, -absl::Hours(72), absl::Hours(240));
  X509* certificate = keys_->certificate.get();
  X509_set_pubkey(certificate, keys_->key.get());
  SetCommonName(X509_get_subject_name(certificate), name);
  const Keys& issuer = parent != nullptr ? *parent->keys_ : *keys_;
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get()));
  AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  POSTERN_CHECK(X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0);
  WriteCertificate(ca_file_, certificate);
  WriteKey(key_file(), keys_->key.get());
}

CertificateAuthority::~CertificateAuthority() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

CertificateFiles CertificateAuthority::Issue(const CertificateRequest& request) {
  return Make(request, /*self_signed=*/false);
}

CertificateFiles CertificateAuthority::SelfSign(const CertificateRequest& request) {
  return Make(request, /*self_signed=*/true);
}

CertificateFiles CertificateAuthority::Make(const CertificateRequest& request, bool self_signed) {
  ++issued_;
  const Key key = NewKey();
  const Certificate certificate = NewCertificate(issued_ + 1, request.begins_in, request.ends_in);
  X509_set_pubkey(certificate.get(), key.get());
  if (!request.common_name.empty()) {
    SetCommonName(X509_get_subject_name(certificate.get()), request.common_name);
  }
  const X509* issuer = self_signed ? certificate.get() : keys_->certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(certificate.get(), NID_ext_key_usage, request.extended_key_usage);
  if (request.must_staple) AddExtension(certificate.get(), NID_tlsfeature, "status_request");
  const std::string names = AlternativeNames(request);
  if (!names.empty()) AddExtension(certificate.get(), NID_subject_alt_name, names);
  EVP_PKEY* const signer = self_signed ? key.get() : keys_->key.get();
  POSTERN_CHECK(X509_sign(certificate.get(), signer, EVP_sha256()) > 0);

  CertificateFiles files;
  files.certificate_file = base::Cat(folder_, "/", issued_, ".pem");
  files.key_file = base::Cat(folder_, "/", issued_, ".key");
  WriteCertificate(files.certificate_file, certificate.get());
  WriteKey(files.key_file, key.get());
  return files;
}

}  // namespace postern::testing
