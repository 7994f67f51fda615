// common/mail/reply.h
//
// Reply: what an SMTP server answered, verbatim.
//
// See       RFC 5321 §4.2; RFC 2034

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/mail/enhanced_status.h"

namespace postern::mail {

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
