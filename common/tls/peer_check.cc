#include "common/tls/peer_check.h"

#include <utility>

#include <openssl/x509v3.h>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/io/endpoint.h"
#include "common/tls/chain_check.h"
#include "common/tls/dane_check.h"
#include "common/tls/openssl_error.h"
#include "common/tls/pem.h"
#include "common/tls/tls_result.h"

namespace postern::tls {

namespace {

// What a client may show; it lives as long as its SSL.
struct Shown {
  CertificatePtr certificate;
  bool asked = false;
};

void FreeShown(void*, void* shown, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Shown*>(shown);
}

int ShownIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, FreeShown);
  return index;
}

Shown* ShownOf(SSL* ssl) {
  return static_cast<Shown*>(SSL_get_ex_data(ssl, ShownIndex()));
}

// OpenSSL calls this when the peer asks for a certificate.
int ShowCertificate(SSL* ssl, void*) {
  Shown* const shown = ShownOf(ssl);
  if (shown == nullptr) return 1;
  shown->asked = true;
  if (shown->certificate == nullptr) return 1;
  const KeyPair& keys = *shown->certificate->keys;
  bool used = SSL_use_certificate(ssl, keys.chain.front().get()) == 1 &&
              SSL_use_PrivateKey(ssl, keys.key.get()) == 1;
  for (std::size_t i = 1; used && i < keys.chain.size(); ++i)
    used = SSL_add1_chain_cert(ssl, keys.chain[i].get()) == 1;
  return used ? 1 : 0;
}

bool HasName(X509* certificate, const std::string& name, unsigned flags) {
  return X509_check_host(certificate, name.data(), name.size(),
                         flags | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

// Whether the certificate is for such a name, as Demand writes it.
bool IsFor(X509* certificate, std::string name, bool alternative_names = false) {
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return false;
  const auto address = io::IpAddress::Parse(name);
  if (address.ok()) return X509_check_ip_asc(certificate, address->ToString().c_str(), 0) == 1;
  const unsigned flags = alternative_names ? X509_CHECK_FLAG_NEVER_CHECK_SUBJECT : 0;
  if (!name.starts_with("*.")) return HasName(certificate, name, flags);
  // To OpenSSL ".contoso.com" is every name below contoso.com, "*.contoso.com" included.
  return HasName(certificate, name.substr(2), flags) || HasName(certificate, name.substr(1), flags);
}

std::string Words(long verify_result) {
  return base::LowerAscii(X509_verify_cert_error_string(verify_result));
}

template <typename... Parts>
absl::Status Unproved(const Parts&... parts) {
  return base::Error(absl::StatusCode::kUnauthenticated,
                     "certificate validation failure: ", parts...);
}

void NoteServer(SSL* ssl, const ClientContext::Peer& expected, long result, Facts& facts) {
  const Shown* const shown = ShownOf(ssl);
  facts.asked = shown != nullptr && shown->asked;
  const CertificatePointer peer(SSL_get1_peer_certificate(ssl));
  if (peer == nullptr) return;
  facts.peer_subject = SubjectOf(*peer);
  if (expected.describe) facts.peer = FactsOf(*peer);
  const std::string& name = expected.server_name;
  const bool named = !expected.demand.names.empty() || (!name.empty() && IsFor(peer.get(), name));
  facts.verified = named && result == X509_V_OK;
  TakeOpenSslError("");
}

absl::Status CheckChain(SSL* ssl, const Demand& demand, long result) {
  if (!demand.chain) return absl::OkStatus();
  const CertificatePointer peer(SSL_get1_peer_certificate(ssl));
  if (peer == nullptr) return Unproved("the peer shows no certificate");
  const CertificateFacts has = FactsOf(*peer);
  if (result != X509_V_OK) {
    return WithTlsResult(Unproved(Words(result), "; the certificate is for ", NamesOf(has),
                                  ", issued by ", has.issuer),
                         TlsResultOfChain(result));
  }
  for (const std::string& name : demand.names) {
    if (IsFor(peer.get(), name, demand.alternative_names)) continue;
    TakeOpenSslError("");
    const bool address = io::IpAddress::Parse(name).ok();
    const long mismatch = address ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH;
    return WithTlsResult(
        Unproved(Words(mismatch), "; looked for ", name, ", the certificate is for ", NamesOf(has)),
        kHostMismatch);
  }
  return absl::OkStatus();
}

void TryName(SSL* ssl, const std::string& name, long result, Facts& facts) {
  if (name.empty()) return;
  Demand tried;
  tried.chain = true;
  tried.names = {name};
  tried.alternative_names = true;
  const absl::Status proved = CheckChain(ssl, tried, result);
  facts.tried = proved.ok() ? std::string(kSuccessful) : TlsResultOf(proved);
}

}  // namespace

void OfferCertificate(SSL* ssl, CertificatePtr certificate) {
  auto shown = std::make_unique<Shown>();
  shown->certificate = std::move(certificate);
  POSTERN_CHECK(SSL_set_ex_data(ssl, ShownIndex(), shown.get()) == 1);
  shown.release();
  SSL_set_cert_cb(ssl, ShowCertificate, nullptr);
}

void NoteClient(SSL* ssl, Facts& facts) {
  const CertificatePointer peer(SSL_get1_peer_certificate(ssl));
  if (peer == nullptr) return;
  facts.peer_subject = SubjectOf(*peer);
  facts.verified = SSL_get_verify_result(ssl) == X509_V_OK;
}

absl::Status CheckServer(SSL* ssl,
                         const ClientContext::Peer& expected,
                         const RevocationRules& rules,
                         Facts& facts) {
  const Demand& demand = expected.demand;
  const ChainVerdict verdict = VerdictOf(ssl, !demand.dane.empty());
  NoteServer(ssl, expected, verdict.result, facts);
  POSTERN_RETURN_IF_ERROR(CheckAnchors(ssl, demand));
  facts.dane = !demand.dane.empty();
  TryName(ssl, expected.tried_name, verdict.result, facts);
  POSTERN_RETURN_IF_ERROR(CheckChain(ssl, demand, verdict.result));
  if (!demand.chain) return absl::OkStatus();
  RevocationRules held = rules;
  held.soft_fail = rules.soft_fail && !demand.revocation_known;
  return CheckRevocation(ssl, verdict, held, facts.revocation);
}

}  // namespace postern::tls
