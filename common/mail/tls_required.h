// common/mail/tls_required.h
//
// The header field with which a sender asks that no policy about TLS hold its message up.
//
// Flow      Of the one field named kTlsRequired; several of them say nothing.
// Limits    A body of more than kTlsRequiredBytesMax bytes says nothing.
// See       RFC 8689 §3

#pragma once

#include <cstddef>
#include <string_view>

namespace postern::mail {

inline constexpr std::string_view kTlsRequired = "TLS-Required";
inline constexpr std::size_t kTlsRequiredBytesMax = 998;

// True for "No" in any case, between comments and folds.
bool SaysTlsOptional(std::string_view body);

}  // namespace postern::mail
