//   stapled response    list of the issuer    soft fail    hard fail
//   revoked             any                   refused      refused
//   any                 revoked               refused      refused
//   good                good or unknown       passes       passes
//   unknown or none     good                  passes       passes
//   unknown or none     unknown or none       passes       refused
//
// A certificate with must-staple passes with a good stapled response only. Authorities between the
// certificate and the one that we trust are refused when a list revokes them; no more is asked.
#include "common/tls/revocation.h"

#include "common/base/text.h"
#include "common/tls/certificate_facts.h"
#include "common/tls/staple.h"

namespace postern::tls {
namespace {

absl::Status Refused(X509* certificate, std::string_view what, std::string_view words) {
  const CertificateFacts has = FactsOf(*certificate);
  return base::Error(absl::StatusCode::kUnauthenticated, "certificate validation failure: ", what,
                     ": ", words, "; the certificate is for ", NamesOf(has), ", serial ",
                     has.serial, ", issued by ", has.issuer);
}

RevocationFacts Listed(const RevocationRules& rules, X509* certificate, X509* issuer) {
  if (rules.crls == nullptr) return {.state = RevocationState::kUnknown, .words = "no crl file"};
  return rules.crls->Look(certificate, issuer);
}

RevocationFacts Together(const RevocationFacts& staple, const RevocationFacts& list) {
  for (const RevocationState state : {RevocationState::kRevoked, RevocationState::kGood}) {
    if (staple.state == state) return staple;
    if (list.state == state) return list;
  }
  return {.state = RevocationState::kUnknown, .words = base::Cat(staple.words, ", ", list.words)};
}

}  // namespace

absl::Status CheckRevocation(SSL* ssl,
                             const ChainVerdict& verdict,
                             const RevocationRules& rules,
                             RevocationFacts& facts) {
  STACK_OF(X509)* const chain = verdict.chain.get();
  const int length = chain == nullptr ? 0 : sk_X509_num(chain);
  if (!rules.check || length < 2) return absl::OkStatus();
  X509* const certificate = sk_X509_value(chain, 0);
  const RevocationFacts staple = StapledFacts(ssl, chain);
  facts = Together(staple, Listed(rules, certificate, sk_X509_value(chain, 1)));
  if (facts.state == RevocationState::kRevoked) {
    return Refused(certificate, "certificate revoked", facts.words);
  }
  for (int i = 1; i + 1 < length; ++i) {
    X509* const authority = sk_X509_value(chain, i);
    const RevocationFacts known = Listed(rules, authority, sk_X509_value(chain, i + 1));
    if (known.state != RevocationState::kRevoked) continue;
    facts = known;
    return Refused(authority, "certificate of an authority revoked", known.words);
  }
  if (MustStaple(certificate) && staple.state != RevocationState::kGood) {
    return Refused(certificate, "the certificate demands a stapled response", staple.words);
  }
  if (facts.state == RevocationState::kUnknown && !rules.soft_fail) {
    return Refused(certificate, "revocation not known", facts.words);
  }
  return absl::OkStatus();
}

}  // namespace postern::tls
