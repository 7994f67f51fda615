// common/tls/certificate_facts.h
//
// CertificateFacts: what a certificate says of itself, as text for people and for logs.
//
// Limits    kFactNamesMax names, a text of at most kFactBytesMax bytes; control bytes are escaped.
// See       RFC 5280; RFC 6125 §6.4: names are in the subject alternative names, and only where
//           there are none in the common name

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"

struct x509_st;

namespace postern::tls {

inline constexpr std::size_t kFactNamesMax = 100;
inline constexpr std::size_t kFactBytesMax = 1024;

struct CertificateFacts {
  std::string subject;             // RFC 2253 form
  std::string issuer;              // RFC 2253 form
  std::string serial;              // hexadecimal
  std::string thumbprint;          // SHA-1 in hexadecimal, as Windows shows it
  std::vector<std::string> names;  // DNS names and addresses
  std::vector<std::string> uris;
  absl::Time begins;
  absl::Time ends;
};

CertificateFacts FactsOf(const x509_st& certificate);

// The subject alone.
std::string SubjectOf(const x509_st& certificate);

// "mx1.contoso.com, *.contoso.com": the first names, or the subject when there is none.
std::string NamesOf(const CertificateFacts& facts);

}  // namespace postern::tls
