// common/tls/chain_check.h
//
// ChainVerdict: what the authorities that we trust say of a server's chain; internal to contexts.
//
// See       RFC 5280 §6

#pragma once

#include <memory>

#include <openssl/ssl.h>

namespace postern::tls {

struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};

using ChainPointer = std::unique_ptr<STACK_OF(X509), FreeChain>;

struct ChainVerdict {
  long result = 0;     // X509_V_OK, or what is wrong
  ChainPointer chain;  // from the server's certificate to the authority; null unless all is well
};

// After the handshake. The handshake has looked itself, unless it went by TLSA records: then this
// looks now.
ChainVerdict VerdictOf(SSL* ssl, bool went_by_anchors);

}  // namespace postern::tls
