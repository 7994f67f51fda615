// common/tls/revocation.h
//
// Whether a server's certificate was revoked, where a chain is demanded; internal to contexts.
//
// Failure   kUnauthenticated: revoked, or not known and that does not pass.
// See       docs/generated/tls-states.md; the table stands on top of revocation.cc

#pragma once

#include <memory>

#include "absl/status/status.h"
#include <openssl/ssl.h>

#include "common/tls/chain_check.h"
#include "common/tls/crl_file.h"
#include "common/tls/revocation_facts.h"

namespace postern::tls {

struct RevocationRules {
  bool check = true;
  bool soft_fail = true;                // what is not known passes
  std::shared_ptr<const CrlFile> crls;  // null: none
};

// Fills `facts`. Of a certificate that is trusted itself nobody knows more, and nothing is said.
absl::Status CheckRevocation(SSL* ssl,
                             const ChainVerdict& verdict,
                             const RevocationRules& rules,
                             RevocationFacts& facts);

}  // namespace postern::tls
