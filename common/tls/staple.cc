#include "common/tls/staple.h"

#include <memory>

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/tls/chain_check.h"
#include "common/tls/crl_file.h"
#include "common/tls/openssl_error.h"

namespace postern::tls {
namespace {

// The TLS feature "status_request" (RFC 7633 §4.2.1).
constexpr long kStatusRequest = 5;

struct FreeResponse {
  void operator()(OCSP_RESPONSE* response) const { OCSP_RESPONSE_free(response); }
};

struct FreeBasic {
  void operator()(OCSP_BASICRESP* basic) const { OCSP_BASICRESP_free(basic); }
};

struct FreeId {
  void operator()(OCSP_CERTID* id) const { OCSP_CERTID_free(id); }
};

struct FreeFeatures {
  void operator()(TLS_FEATURE* features) const { TLS_FEATURE_free(features); }
};

RevocationFacts Unknown(std::string words) {
  return {.state = RevocationState::kUnknown, .words = std::move(words)};
}

// Whether the answer is about this certificate, by the digest that the responder chose.
bool IsAbout(OCSP_SINGLERESP* answer, X509* certificate, X509* issuer) {
  auto* const theirs = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(answer));
  ASN1_OBJECT* algorithm = nullptr;
  if (OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, theirs) != 1) return false;
  const EVP_MD* const digest = EVP_get_digestbyobj(algorithm);
  if (digest == nullptr) return false;
  const std::unique_ptr<OCSP_CERTID, FreeId> ours(OCSP_cert_to_id(digest, certificate, issuer));
  return ours != nullptr && OCSP_id_cmp(ours.get(), theirs) == 0;
}

// By the issuer, or by whom the issuer has let sign.
bool SignedByIssuer(SSL* ssl, OCSP_BASICRESP* basic, STACK_OF(X509) * chain) {
  const ChainPointer above(X509_chain_up_ref(chain));
  if (above == nullptr) return false;
  // The server's own certificate is no authority over itself.
  X509_free(sk_X509_shift(above.get()));
  X509_STORE* const store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  return OCSP_basic_verify(basic, above.get(), store, OCSP_NOEXPLICIT) == 1;
}

RevocationFacts FactsIn(OCSP_SINGLERESP* answer) {
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status = OCSP_single_get0_status(answer, nullptr, nullptr, &this_update, &next_update);
  if (status == V_OCSP_CERTSTATUS_REVOKED) {
    return {.state = RevocationState::kRevoked, .words = "revoked by the stapled response"};
  }
  const long age_max = next_update != nullptr ? -1 : absl::ToInt64Seconds(kStapleAgeMax);
  if (OCSP_check_validity(this_update, next_update, absl::ToInt64Seconds(kClockSkew), age_max) !=
      1) {
    return Unknown("the stapled response is out of date");
  }
  if (status != V_OCSP_CERTSTATUS_GOOD) return Unknown("the stapled response does not know it");
  return {.state = RevocationState::kGood, .words = "good by the stapled response"};
}

RevocationFacts Read(SSL* ssl, const unsigned char* bytes, long length, STACK_OF(X509) * chain) {
  const std::unique_ptr<OCSP_RESPONSE, FreeResponse> response(
      d2i_OCSP_RESPONSE(nullptr, &bytes, length));
  if (response == nullptr) return Unknown("the stapled response does not read");
  const int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return Unknown(base::Cat("the stapled response says ", OCSP_response_status_str(status)));
  }
  const std::unique_ptr<OCSP_BASICRESP, FreeBasic> basic(OCSP_response_get1_basic(response.get()));
  if (basic == nullptr) return Unknown("the stapled response does not read");
  if (!SignedByIssuer(ssl, basic.get(), chain)) {
    return Unknown("the stapled response is not signed by the issuer");
  }
  X509* const certificate = sk_X509_value(chain, 0);
  X509* const issuer = sk_X509_value(chain, 1);
  RevocationFacts facts = Unknown("the stapled response is about another certificate");
  for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
    OCSP_SINGLERESP* const answer = OCSP_resp_get0(basic.get(), i);
    if (!IsAbout(answer, certificate, issuer)) continue;
    facts = FactsIn(answer);
    if (facts.state != RevocationState::kUnknown) break;
  }
  return facts;
}

}  // namespace

void AskForStaple(SSL* ssl) {
  POSTERN_CHECK(SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp) == 1);
}

RevocationFacts StapledFacts(SSL* ssl, STACK_OF(X509) * chain) {
  POSTERN_CHECK(sk_X509_num(chain) >= 2);
  const unsigned char* bytes = nullptr;
  const long length = SSL_get_tlsext_status_ocsp_resp(ssl, &bytes);
  if (bytes == nullptr || length <= 0) return Unknown("no stapled response");
  RevocationFacts facts = Read(ssl, bytes, length, chain);
  TakeOpenSslError("");
  return facts;
}

bool MustStaple(X509* certificate) {
  const std::unique_ptr<TLS_FEATURE, FreeFeatures> features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
  for (int i = 0; features != nullptr && i < sk_ASN1_INTEGER_num(features.get()); ++i) {
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == kStatusRequest) return true;
  }
  return false;
}

}  // namespace postern::tls
