// common/mail/mime_walker.h
//
// MimeEntity: one part of a message, found by a walk that guesses nothing.
//
// Flow      WalkMime(message): the message itself, then its parts in the order of their bytes.
// Failure   kInvalidArgument with the rule where readers could differ: a line of a header that is
//           no field, a field twice, a multipart that does not end, a line that only begins like a
//           delimiter, boundaries that begin alike. kFailedPrecondition beyond a limit.
// Lifetime  Every view points into the message, which must outlive it.
// Limits    kMimeDepthMax entities one in the other; kMimeEntitiesMax in all.
// See       RFC 2045; RFC 2046 §5.1.1, §5.2.1; RFC 1847; RFC 8551

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace postern::mail {

inline constexpr std::size_t kMimeDepthMax = 32;
inline constexpr std::size_t kMimeEntitiesMax = 2000;

enum class MimeKind : std::uint8_t {
  kLeaf,       // a body that is content
  kMultipart,  // its parts follow
  kMessage,    // message/rfc822: the message in it follows
  kSealed,     // signed or encrypted: nothing below is walked, nothing may be changed
  kMargin,     // no entity: what stands before the first part of a multipart or behind its last
};

enum class TransferEncoding : std::uint8_t {
  kAbsent,
  k7Bit,
  k8Bit,
  kBinary,
  kEncoded,  // quoted-printable or base64
  kOther,
};

struct MimeEntity {
  MimeKind kind = MimeKind::kLeaf;
  std::string type = "text/plain";  // lower case; empty when the field is there and no type
  bool has_type = false;            // there is a Content-Type
  bool has_version = false;         // there is a MIME-Version
  bool whole = false;               // a message by itself, and no part
  TransferEncoding encoding = TransferEncoding::kAbsent;
  std::string_view encoding_field;  // Content-Transfer-Encoding as it stands, its CRLF included
  std::string_view header;          // with its empty line, when it has one
  std::string_view body;            // of a margin: the margin

  bool identity() const { return encoding <= TransferEncoding::kBinary; }
};

absl::StatusOr<std::vector<MimeEntity>> WalkMime(std::string_view message);

}  // namespace postern::mail
