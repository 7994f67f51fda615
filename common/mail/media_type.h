// common/mail/media_type.h
//
// MediaType: what a Content-Type field says, as far as the structure of a message depends on it.
//
// Flow      ParseMediaType(body of the field); BoundaryOf(parameters) for a multipart.
// Failure   kInvalidArgument with the rule that was broken: nothing is guessed.
// Lifetime  `parameters` points into the field.
// Limits    Comments nest kCommentDepthMax deep; a boundary has kBoundaryBytesMax bytes at most.
// See       RFC 2045 §5.1; RFC 2046 §5.1.1; RFC 5322 §3.2.2 for comments

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace postern::mail {

inline constexpr std::size_t kBoundaryBytesMax = 70;
inline constexpr std::size_t kCommentDepthMax = 16;

struct MediaType {
  std::string name;             // "text/plain", lower case
  std::string_view parameters;  // what follows it
};

absl::StatusOr<MediaType> ParseMediaType(std::string_view body);

// The one parameter "boundary", without its quotes.
absl::StatusOr<std::string> BoundaryOf(std::string_view parameters);

// A field that is one token and perhaps a comment, as Content-Transfer-Encoding; in lower case.
absl::StatusOr<std::string> ParseToken(std::string_view body);

}  // namespace postern::mail
