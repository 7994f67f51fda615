// common/smtp/reply_parser.h
//
// ReplyParser: joins the lines of one reply.
//
// Flow      Add each line; when it gives true, Take.
// Failure   kUnavailable "reply line ...: <rule>": the peer does not speak SMTP here, the session
//           is broken.
// Limits    Limits::reply_line_bytes_max, Limits::reply_lines_max; of a reply kReplyBytesMax are
//           kept, the lines behind are read and forgotten.
// See       RFC 5321 §4.2: ddd-text, ddd text; "ddd" alone is tolerated, and of a refusal lines of
//           codes that differ within their class (the last one counts) and a bare CR or LF

#pragma once

#include <string_view>

#include "absl/status/statusor.h"

#include "common/mail/reply.h"
#include "common/smtp/limits.h"
#include "common/smtp/line_reader.h"

namespace postern::smtp {

inline constexpr std::size_t kReplyBytesMax = 8 * 1024;

class ReplyParser {
 public:
  explicit ReplyParser(const Limits& limits) : limits_(limits) {}

  // True when `line` was the last of its reply.
  absl::StatusOr<bool> Add(const Line& line);

  mail::Reply Take();

 private:
  const Limits& limits_;
  mail::Reply reply_;
  std::size_t lines_ = 0;  // seen so far
  std::size_t bytes_ = 0;
};

// A whole reply from `text` of CRLF lines, as a test or a log gives it.
absl::StatusOr<mail::Reply> ParseReply(std::string_view text, const Limits& limits = Limits());

}  // namespace postern::smtp
