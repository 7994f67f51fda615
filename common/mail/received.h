// common/mail/received.h
//
// The trace field that each message gets when it is accepted.
//
// Lifetime  ReceivedParts borrows its texts for the call.
// Limits    kReceivedTextBytesMax bytes of each text; every line stays below 998 bytes.
// See       RFC 5321 §4.4; RFC 3848; RFC 6531 §4.3

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace postern::mail {

inline constexpr std::size_t kReceivedTextBytesMax = 255;

// An empty text leaves its clause out.
struct ReceivedParts {
  std::string_view helo;            // what the client called itself, unchecked
  std::string_view client_address;  // "192.0.2.1" or "2001:db8::1"
  std::string_view host;            // our name, after "by"
  std::string_view protocol;        // ProtocolName(...), or "gRPC", a local extension
  std::string_view id;              // our message id
  std::string_view recipient;       // only when there is exactly one; an address without brackets
  std::string_view tls_version;     // "TLSv1.3"
  std::string_view tls_cipher;
  absl::Time date;
};

// The registered name after "with": SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA or UTF8SMTP, UTF8SMTPS,
// ...
std::string_view ProtocolName(bool extended, bool tls, bool authenticated, bool smtputf8);

// The whole field, folded, with its last CRLF. A byte that the client chose and that could end the
// line, a comment or the clause is written as "?".
std::string ReceivedLine(const ReceivedParts& parts);

}  // namespace postern::mail
