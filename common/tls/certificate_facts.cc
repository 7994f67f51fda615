#include "common/tls/certificate_facts.h"

#include <ctime>
#include <memory>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/base/text.h"
#include "common/io/endpoint.h"

namespace postern::tls {

namespace {

constexpr std::size_t kNamesShown = 5;

std::string TextOf(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  if (length <= 0) return "";
  return base::Printable(std::string_view(text, static_cast<std::size_t>(length)), kFactBytesMax);
}

std::string SerialOf(const X509& certificate) {
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr), BN_free);
  if (number == nullptr) return "";
  char* text = BN_bn2hex(number.get());
  std::string serial = text == nullptr ? "" : text;
  OPENSSL_free(text);
  return serial;
}

std::string ThumbprintOf(const X509& certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (X509_digest(&certificate, EVP_sha1(), digest, &length) != 1) return "";
  return base::UpperAscii(base::Hex({reinterpret_cast<const char*>(digest), length}));
}

std::string AddressText(const ASN1_OCTET_STRING* bytes) {
  const unsigned char* data = ASN1_STRING_get0_data(bytes);
  const int length = ASN1_STRING_length(bytes);
  io::IpAddress address;
  if (length == 4) {
    address.bytes[10] = address.bytes[11] = 0xff;
  } else if (length != 16) {
    return "";
  }
  std::copy(data, data + length, address.bytes.end() - length);
  return address.ToString();
}

std::string CommonNameOf(const X509& certificate) {
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* utf8 = nullptr;
  const int length =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  std::string name;
  if (length > 0) {
    name.assign(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length));
  }
  OPENSSL_free(utf8);
  return base::Printable(name, kFactBytesMax);
}

std::string TextOf(const ASN1_IA5STRING* name) {
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name));
  return base::Printable({bytes, static_cast<std::size_t>(ASN1_STRING_length(name))},
                         kFactBytesMax);
}

void AddNames(const X509& certificate,
              std::vector<std::string>& names,
              std::vector<std::string>& uris) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> alternatives(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  const int count = alternatives == nullptr ? 0 : sk_GENERAL_NAME_num(alternatives.get());
  for (int i = 0; i < count && names.size() + uris.size() < kFactNamesMax; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    std::string text;
    if (name->type == GEN_DNS) {
      text = TextOf(name->d.dNSName);
    } else if (name->type == GEN_URI) {
      uris.push_back(TextOf(name->d.uniformResourceIdentifier));
    } else if (name->type == GEN_IPADD) {
      text = AddressText(name->d.iPAddress);
    }
    if (!text.empty()) names.push_back(std::move(text));
  }
  if (names.empty()) {
    std::string common_name = CommonNameOf(certificate);
    if (!common_name.empty()) names.push_back(std::move(common_name));
  }
}

absl::Time TimeOf(const ASN1_TIME* time, absl::Time otherwise) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? absl::FromTM(parts, absl::UTCTimeZone()) : otherwise;
}

}  // namespace

std::string SubjectOf(const X509& certificate) {
  return TextOf(X509_get_subject_name(&certificate));
}

CertificateFacts FactsOf(const X509& certificate) {
  CertificateFacts facts;
  facts.subject = SubjectOf(certificate);
  facts.issuer = TextOf(X509_get_issuer_name(&certificate));
  facts.serial = SerialOf(certificate);
  facts.thumbprint = ThumbprintOf(certificate);
  AddNames(certificate, facts.names, facts.uris);
  // A time that cannot be read is no time at which the certificate holds.
  facts.begins = TimeOf(X509_get0_notBefore(&certificate), absl::InfiniteFuture());
  facts.ends = TimeOf(X509_get0_notAfter(&certificate), absl::InfinitePast());
  return facts;
}

std::string NamesOf(const CertificateFacts& facts) {
  if (facts.names.empty()) return facts.subject.empty() ? "nobody" : facts.subject;
  std::string out;
  for (std::size_t i = 0; i < facts.names.size() && i < kNamesShown; ++i) {
    out += base::Cat(i == 0 ? "" : ", ", facts.names[i]);
  }
  if (facts.names.size() > kNamesShown) out += ", ...";
  return out;
}

}  // namespace postern::tls
