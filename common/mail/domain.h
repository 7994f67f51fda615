// common/mail/domain.h
//
// Domain names and address literals as mail writes them, and the one form in which names compare.
//
// Failure   kInvalidArgument with the name and the rule that was broken.
// Limits    63 bytes a label, 253 bytes a name, both in A-label form; 1024 bytes of input.
// See       RFC 1035 §2.3.4; RFC 5890-5892 (IDNA2008, not transitional); RFC 5321 §4.1.3

#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace postern::mail {

// Lower-case A-labels without the trailing dot: "Bücher.Example." is "xn--bcher-kva.example".
// An underscore is tolerated. A name that is ASCII already is not looked up in IDNA tables.
absl::StatusOr<std::string> NormalizeDomain(std::string_view name);

// The rule that an ASCII name breaks (letters, digits, hyphens and underscores in labels, no
// trailing dot), in words that follow the name; nullptr when it breaks none.
const char* BrokenDomainRule(std::string_view name);

// True for "[...]", whatever is inside.
bool IsAddressLiteral(std::string_view text);

// The canonical IP address in "[192.0.2.1]" or "[IPv6:2001:db8::1]", without brackets and tag.
absl::StatusOr<std::string> LiteralAddress(std::string_view text);

// True for letters, digits and hyphens in labels, as RFC 5321 asks of a host's name (no underscore,
// no trailing dot, ASCII only). One label is enough.
bool IsHostName(std::string_view text);

}  // namespace postern::mail
