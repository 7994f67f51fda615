// common/mail/reply.h
//
// Reply: what an SMTP server answered, verbatim; and the enhanced status code inside it.
//
// See       RFC 5321 §4.2; RFC 3463; RFC 2034

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::mail {

struct EnhancedStatus {
  std::uint16_t klass = 0;  // 2, 4 or 5; 0 is none
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;

  bool operator==(const EnhancedStatus&) const = default;

  bool permanent() const { return klass == 5; }

  std::string ToString() const;

  // "5.1.1" at the start of `text`, followed by a space or the end.
  static std::optional<EnhancedStatus> Parse(std::string_view text);
};

struct Reply {
  int code = 0;                    // 200-599
  std::vector<std::string> lines;  // the text of each line, without code and separator

  bool operator==(const Reply&) const = default;

  bool positive() const { return code >= 200 && code < 400; }

  bool transient() const { return code >= 400 && code < 500; }

  bool permanent() const { return code >= 500 && code < 600; }

  // The code in the first line, if its class agrees with `code`.
  std::optional<EnhancedStatus> enhanced() const;

  // "550 5.1.1 no such user": all lines joined by a space.
  std::string ToString() const;
};

}  // namespace postern::mail
