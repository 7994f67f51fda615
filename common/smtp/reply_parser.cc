#include "common/smtp/reply_parser.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace postern::smtp {

namespace {

absl::Status Broken(std::string_view line, std::string_view rule) {
  return base::Error(absl::StatusCode::kUnavailable, "reply line \"", base::Printable(line, 80),
                     "\": ", rule);
}

// 200-599, or 0.
int CodeOf(std::string_view line) {
  if (line.size() < 3) return 0;
  int code = 0;
  for (const char c : line.substr(0, 3)) {
    if (c < '0' || c > '9') return 0;
    code = code * 10 + (c - '0');
  }
  return code >= 200 && code <= 599 ? code : 0;
}

}  // namespace

absl::StatusOr<bool> ReplyParser::Add(const Line& line) {
  const std::string_view text = line.text;
  if (line.too_long || text.size() > limits_.reply_line_bytes_max) {
    return Broken(text, base::Cat("longer than ", limits_.reply_line_bytes_max, " bytes"));
  }
  const int code = CodeOf(text);
  const char separator = text.size() > 3 ? text[3] : ' ';
  // Of a refusal the meaning is clear all the same; of a yes one wants to be sure.
  const bool refuses = code >= 400 && (reply_.lines.empty() || reply_.code / 100 == code / 100);
  // Behind a hyphen there may be whole lines of the reply, its last one among them.
  const bool clear = refuses && separator == ' ';
  const bool bare = line.bare_cr || line.bare_lf;
  if (bare && !clear) return Broken(text, "holds a bare CR or LF");
  if (code == 0) return Broken(text, "does not begin with a code of 200 to 599");
  if (separator != ' ' && separator != '-')
    return Broken(text, "no space or hyphen after the code");
  if (!reply_.lines.empty() && code != reply_.code && !refuses) {
    return Broken(text, base::Cat("the reply began with code ", reply_.code));
  }
  if (lines_ >= limits_.reply_lines_max) {
    return Broken(text, base::Cat("a reply has more than ", limits_.reply_lines_max, " lines"));
  }
  reply_.code = code;
  ++lines_;
  bytes_ += text.size();
  // A peer may say as much for each recipient.
  if (reply_.lines.empty() || bytes_ <= kReplyBytesMax) {
    std::string& said =
        reply_.lines.emplace_back(text.size() > 4 ? text.substr(4) : std::string_view());
    if (bare) {
      std::replace_if(
          said.begin(), said.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    }
  }
  return separator == ' ';
}

mail::Reply ReplyParser::Take() {
  lines_ = bytes_ = 0;
  return std::exchange(reply_, mail::Reply());
}

absl::StatusOr<mail::Reply> ParseReply(std::string_view text, const Limits& limits) {
  ReplyParser parser(limits);
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return Broken(text, "does not end with CRLF");
    Line line;
    line.text = text.substr(0, end);
    line.bare_cr = line.text.find('\r') != std::string_view::npos;
    line.bare_lf = line.text.find('\n') != std::string_view::npos;
    text.remove_prefix(end + 2);
    const absl::StatusOr<bool> whole = parser.Add(line);
    if (!whole.ok()) return whole.status();
    if (!*whole) continue;
    if (!text.empty()) return Broken(text, "comes after the end of the reply");
    return parser.Take();
  }
  return Broken(text, "the reply has no last line");
}

}  // namespace postern::smtp
