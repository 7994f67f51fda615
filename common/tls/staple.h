// common/tls/staple.h
//
// The stapled OCSP response of a server; internal to contexts.
//
// Flow      AskForStaple before the handshake; StapledFacts after it.
// Failure   Data. A response that does not read, is out of date or that nobody has signed who may
//           is "unknown"; one that says "revoked" counts even when it is out of date.
// Limits    A response counts from thisUpdate to nextUpdate, give or take kClockSkew; one without
//           nextUpdate for kStapleAgeMax.
// See       RFC 6066 §8; RFC 6960 §3.2, §4.2.2; RFC 7633 (must-staple)

#pragma once

#include "absl/time/time.h"
#include <openssl/ssl.h>

#include "common/tls/revocation_facts.h"

namespace postern::tls {

inline constexpr absl::Duration kStapleAgeMax = absl::Hours(7 * 24);

void AskForStaple(SSL* ssl);

// `chain` is what was verified: the server's certificate, then its issuer.
RevocationFacts StapledFacts(SSL* ssl, STACK_OF(X509) * chain);

// Whether the certificate demands that a response is stapled.
bool MustStaple(X509* certificate);

}  // namespace postern::tls
