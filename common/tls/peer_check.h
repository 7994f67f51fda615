// common/tls/peer_check.h
//
// What the two ends of a session showed one another, and whether it is enough; internal to
// contexts.
//
// See       RFC 5280; RFC 6125; common/tls/context.h "Demand"

#pragma once

#include <openssl/ssl.h>

#include "common/tls/context.h"
#include "common/tls/revocation.h"

namespace postern::tls {

// Before the handshake of a client: shows `certificate`, which may be null, if the peer asks for
// one, and remembers that it asked.
void OfferCertificate(SSL* ssl, CertificatePtr certificate);

// After the handshake of a server: what is known of the other end.
void NoteClient(SSL* ssl, Facts& facts);

// After the handshake of a client: the same, and whether it is what was demanded. kUnauthenticated
// naming what was looked for and what the certificate has.
absl::Status CheckServer(SSL* ssl,
                         const ClientContext::Peer& expected,
                         const RevocationRules& rules,
                         Facts& facts);

}  // namespace postern::tls
