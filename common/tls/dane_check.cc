#include "common/tls/dane_check.h"

#include <algorithm>

#include <openssl/x509v3.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/tls/openssl_error.h"
#include "common/tls/pem.h"
#include "common/tls/tls_result.h"

namespace postern::tls {
namespace {

constexpr std::size_t kShownMax = 5;

// Without a dot at the end, and never empty: to OpenSSL an empty name is no demand.
std::vector<std::string> NamesIn(const Demand& demand) {
  std::vector<std::string> names = demand.dane_names;
  for (std::string& name : names) {
    if (name.ends_with('.')) name.pop_back();
  }
  std::erase(names, "");
  return names;
}

std::string LookedFor(const Demand& demand) {
  std::vector<std::string> shown;
  for (const DaneAnchor& anchor : demand.dane) {
    if (shown.size() == kShownMax) break;
    shown.push_back(TextOf(anchor));
  }
  std::string text = "looked for tlsa " + base::Join(shown, ", ");
  if (shown.size() < demand.dane.size()) {
    text += base::Cat(" and ", demand.dane.size() - shown.size(), " more");
  }
  const bool by_authority =
      std::any_of(demand.dane.begin(), demand.dane.end(),
                  [](const DaneAnchor& anchor) { return anchor.usage == kDaneTa; });
  if (by_authority) text += " with the name " + base::Join(NamesIn(demand), " or ");
  return text;
}

}  // namespace

void ExpectAnchors(SSL* ssl, const Demand& demand) {
  if (demand.dane.empty()) return;
  // Without a name here OpenSSL leaves the server name indication as it is.
  POSTERN_CHECK(SSL_dane_enable(ssl, nullptr) == 1);
  const std::vector<std::string> names = NamesIn(demand);
  for (const std::string& name : names)
    POSTERN_CHECK(SSL_add1_host(ssl, name.c_str()) == 1);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  for (const DaneAnchor& anchor : demand.dane) {
    // An authority speaks of names: without one it proves nothing.
    if (anchor.usage != kDaneEe && names.empty()) continue;
    // What OpenSSL cannot use matches nothing.
    SSL_dane_tlsa_add(ssl, anchor.usage, anchor.selector, anchor.matching,
                      reinterpret_cast<const unsigned char*>(anchor.data.data()),
                      anchor.data.size());
  }
  TakeOpenSslError("");
}

absl::Status CheckAnchors(SSL* ssl, const Demand& demand) {
  if (demand.dane.empty()) return absl::OkStatus();
  if (SSL_get0_dane_authority(ssl, nullptr, nullptr) >= 0) return absl::OkStatus();
  // Without a usable record OpenSSL asks the authorities instead; their word is not wanted here.
  const long result = SSL_get_verify_result(ssl);
  const std::string words = base::LowerAscii(
      X509_verify_cert_error_string(result == X509_V_OK ? X509_V_ERR_DANE_NO_MATCH : result));
  const CertificatePointer peer(SSL_get1_peer_certificate(ssl));
  if (peer == nullptr) {
    return base::Error(absl::StatusCode::kUnauthenticated,
                       "dane validation failure: the peer shows no certificate");
  }
  const CertificateFacts has = FactsOf(*peer);
  const absl::Status failed = base::Error(
      absl::StatusCode::kUnauthenticated, "dane validation failure: ", words, "; ",
      LookedFor(demand), ", the certificate is for ", NamesOf(has), ", issued by ", has.issuer);
  return WithTlsResult(failed,
                       TlsResultOfChain(result == X509_V_OK ? X509_V_ERR_DANE_NO_MATCH : result));
}

}  // namespace postern::tls
