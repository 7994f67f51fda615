#include "common/mail/quoted_printable.h"

namespace postern::mail {

namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

// Whatever stands around it.
bool IsPlain(char c) {
  return IsBlank(c) || (c > ' ' && c <= '~' && c != '=');
}

}  // namespace

std::string ToQuotedPrintable(std::string_view bytes, LineEnds ends) {
  const auto ends_line = [&](std::size_t at) {
    return at == bytes.size() || (ends == LineEnds::kKept && bytes.substr(at, 2) == "\r\n");
  };
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 4);
  std::size_t column = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (ends_line(i)) {
      out.append("\r\n");
      column = 0;
      ++i;
      continue;
    }
    const char c = bytes[i];
    const bool last = ends_line(i + 1);
    bool plain = IsPlain(c) && !(last && IsBlank(c));
    // A line that goes on needs room for the "=" that says so.
    const std::size_t room = kQuotedLineBytesMax - (last ? 0 : 1);
    if (column + (plain ? 1 : 3) > room) {
      out.append("=\r\n");
      column = 0;
    }
    if (column == 0 && c == '-' && !last && bytes[i + 1] == '-') plain = false;
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'=', kDigits[byte >> 4], kDigits[byte & 15]});
    }
    column += plain ? 1 : 3;
  }
  return out;
}

}  // namespace postern::mail
