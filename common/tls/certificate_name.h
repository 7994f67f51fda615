// common/tls/certificate_name.h
//
// CertificateName: which certificate is meant, by issuer and subject: "<I>CN=CA, O=x<S>CN=y".
//
// Flow      CertificateName::Parse(text), compared with CertificateName of a certificate.
// Failure   kInvalidArgument with the rule that was broken.
// Limits    4096 bytes; 64 parts of a name.
// See       Exchange's TlsCertificateName; RFC 4514; RFC 1779 for values in quotes

#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct X509_name_st;

namespace postern::tls {

// Both names in one form: parts from the most specific on, types in upper case ("ST" for "S",
// "EMAILADDRESS" for "E"), values in lower case, no spaces around "," and "=".
struct CertificateName {
  std::string issuer;
  std::string subject;

  bool operator==(const CertificateName&) const = default;

  static absl::StatusOr<CertificateName> Parse(std::string_view text);
};

// A distinguished name in that form.
absl::StatusOr<std::string> NormalName(std::string_view text);
// The name of a certificate in that form.
std::string NormalName(const X509_name_st& name);

}  // namespace postern::tls
