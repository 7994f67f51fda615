// common/mail/quoted_printable.h
//
// Quoted-printable: bytes as lines of printable ASCII that people can nearly read.
//
// Flow      ToQuotedPrintable(text, LineEnds::kKept) for text, LineEnds::kEncoded for other bytes.
// Failure   None: every byte has its encoding.
// Limits    Lines of at most kQuotedLineBytesMax bytes; the result is at most 3.2 times as long.
// See       RFC 2045 §6.7

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postern::mail {

inline constexpr std::size_t kQuotedLineBytesMax = 76;

enum class LineEnds : std::uint8_t {
  kKept,     // a CRLF ends a line here as there; a CR or LF alone is encoded
  kEncoded,  // CR and LF are bytes like any other
};

// No line of the result begins with "--", so none can be taken for the delimiter of a multipart.
std::string ToQuotedPrintable(std::string_view bytes, LineEnds ends);

}  // namespace postern::mail
