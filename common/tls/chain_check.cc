#include "common/tls/chain_check.h"

#include <utility>

#include <openssl/x509_vfy.h>

#include "common/base/check.h"
#include "common/tls/openssl_error.h"
#include "common/tls/pem.h"

namespace postern::tls {
namespace {

struct FreeVerification {
  void operator()(X509_STORE_CTX* verification) const { X509_STORE_CTX_free(verification); }
};

ChainVerdict LookAgain(SSL* ssl) {
  const CertificatePointer peer(SSL_get1_peer_certificate(ssl));
  if (peer == nullptr) return {.result = X509_V_ERR_UNSPECIFIED, .chain = nullptr};
  const std::unique_ptr<X509_STORE_CTX, FreeVerification> verification(X509_STORE_CTX_new());
  POSTERN_CHECK(verification != nullptr);
  X509_STORE* const store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  POSTERN_CHECK(X509_STORE_CTX_init(verification.get(), store, peer.get(),
                                    SSL_get_peer_cert_chain(ssl)) == 1);
  // As OpenSSL does in the handshake of a client.
  POSTERN_CHECK(X509_STORE_CTX_set_default(verification.get(), "ssl_server") == 1);
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(verification.get()),
                                   SSL_get_security_level(ssl));
  ChainVerdict verdict;
  const bool fits = X509_verify_cert(verification.get()) == 1;
  verdict.result = X509_STORE_CTX_get_error(verification.get());
  if (!fits && verdict.result == X509_V_OK) verdict.result = X509_V_ERR_UNSPECIFIED;
  if (fits) verdict.chain.reset(X509_STORE_CTX_get1_chain(verification.get()));
  TakeOpenSslError("");
  return verdict;
}

}  // namespace

ChainVerdict VerdictOf(SSL* ssl, bool went_by_anchors) {
  if (went_by_anchors) return LookAgain(ssl);
  ChainVerdict verdict;
  verdict.result = SSL_get_verify_result(ssl);
  STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);
  if (verdict.result == X509_V_OK && chain != nullptr) {
    verdict.chain.reset(X509_chain_up_ref(chain));
  }
  return verdict;
}

}  // namespace postern::tls
