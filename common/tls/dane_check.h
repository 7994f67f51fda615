// common/tls/dane_check.h
//
// A server's certificate against TLSA records; internal to contexts.
//
// Flow      ExpectAnchors before the handshake, CheckAnchors after it.
// Failure   CheckAnchors: kUnauthenticated with the records and names that were looked for.
// See       RFC 7671 §5; RFC 7672 §3.1: DANE-EE looks at the certificate alone, neither at names
//           nor dates; DANE-TA wants names, dates, and the authority in the chain that is shown

#pragma once

#include <string>

#include "absl/status/status.h"
#include <openssl/ssl.h>

#include "common/tls/context.h"

namespace postern::tls {

void ExpectAnchors(SSL* ssl, const Demand& demand);

absl::Status CheckAnchors(SSL* ssl, const Demand& demand);

}  // namespace postern::tls
