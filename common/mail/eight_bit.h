// common/mail/eight_bit.h
//
// Down-conversion: a message as a peer without 8BITMIME may get it.
//
// Flow      ToSevenBit(content): a message of ASCII, in lines of kSevenBitLineBytesMax at most.
//           Text becomes quoted-printable, other content base64; what is ASCII already keeps its
//           bytes, and content that says 8bit without need says 7bit.
// Failure   kFailedPrecondition: no conversion may be made (8-bit bytes in a header field, in
//           something signed or encrypted, in a part that may not be encoded). kInvalidArgument:
//           MIME that readers could read differently, see mime_walker.h. Both say why; nothing is
//           guessed.
// Limits    Those of WalkMime. The result is at most 3.2 times as long.
// See       RFC 6152 §3; RFC 2045 §6; RFC 1428 for text that names no type. A DKIM-Signature of the
//           message does not hold any more (RFC 6376 §5.3 asks signers to sign 7-bit content): the
//           message counts as unsigned, which is better for it than to be returned.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace postern::mail {

inline constexpr std::size_t kSevenBitLineBytesMax = 998;

absl::StatusOr<std::string> ToSevenBit(std::string_view content);

// ASCII without NUL, in lines of kSevenBitLineBytesMax at most that end with CRLF.
bool IsSevenBit(std::string_view bytes);

}  // namespace postern::mail
