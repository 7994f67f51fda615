// common/tls/tls_result.h
//
// Which result type of a TLS report a failed session stands for, carried by its Status.
//
// Flow      WithTlsResult where the check fails; TlsResultOf where the session is counted.
// See       RFC 8460 §4.3

#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace postern::tls {

inline constexpr std::string_view kSuccessful = "successful";  // of ours
inline constexpr std::string_view kHostMismatch = "certificate-host-mismatch";
inline constexpr std::string_view kExpired = "certificate-expired";
inline constexpr std::string_view kNotTrusted = "certificate-not-trusted";
inline constexpr std::string_view kValidationFailure = "validation-failure";

absl::Status WithTlsResult(absl::Status status, std::string_view result);

// kValidationFailure when nothing more is known.
std::string TlsResultOf(const absl::Status& status);

// For what OpenSSL says of a chain (X509_V_ERR_...).
std::string_view TlsResultOfChain(long verify_result);

}  // namespace postern::tls
