#include "common/tls/tls_result.h"

#include "absl/strings/cord.h"
#include <openssl/x509_vfy.h>

namespace postern::tls {

namespace {

constexpr char kPayload[] = "postern.dev/tls-result";

}  // namespace

absl::Status WithTlsResult(absl::Status status, std::string_view result) {
  status.SetPayload(kPayload, absl::Cord(std::string(result)));
  return status;
}

std::string TlsResultOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  return payload ? std::string(*payload) : std::string(kValidationFailure);
}

std::string_view TlsResultOfChain(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return kExpired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return kHostMismatch;
    case X509_V_ERR_DANE_NO_MATCH:
      return kValidationFailure;
    default:
      return kNotTrusted;
  }
}

}  // namespace postern::tls
