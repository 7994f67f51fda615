#include "common/observe/json_text.h"

#include <algorithm>
#include <cstdint>

#include "common/base/printable.h"

namespace postern::observe {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// How many bytes the character at the start of `text` has; 0 when they are not UTF-8 (RFC 3629 §4).
// Then
// `*broken` bytes are one replacement character.
std::size_t CharacterBytes(std::string_view text, std::size_t* broken) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  *broken = 1;
  if (first < 0x80) return 1;
  // The second byte decides about overlong forms, surrogates and what lies above U+10FFFF.
  std::size_t bytes = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    bytes = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    bytes = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    bytes = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  for (std::size_t i = 1; i < bytes; ++i) {
    if (i >= text.size() || at(i) < low || at(i) > high) return 0;
    *broken = i + 1;
    low = 0x80;
    high = 0xBF;
  }
  return bytes;
}

// The JSON escape of an ASCII character, or nothing.
std::string_view Escape(char c, char (&buffer)[7]) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte != 0x7F) return {};
  constexpr char kDigits[] = "0123456789abcdef";
  const char text[] = {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15], '\0'};
  std::copy(std::begin(text), std::end(text), std::begin(buffer));
  return {buffer, 6};
}

}  // namespace

bool AppendJsonString(std::string& out, std::string_view text, std::size_t size_max) {
  out.push_back('"');
  char buffer[7];
  while (!text.empty()) {
    // Nearly all text is plain: it goes in runs, not by characters.
    if (const std::size_t plain = base::PrintableBytes<'"', '\\'>(text); plain > 0) {
      const std::size_t room = size_max - std::min(size_max, out.size());
      out.append(text.substr(0, std::min(plain, room)));
      if (plain > room) {
        out.append("...\"");
        return false;
      }
      text.remove_prefix(plain);
      continue;
    }
    std::size_t broken = 0;
    const std::size_t bytes = CharacterBytes(text, &broken);
    std::string_view piece = bytes == 0 ? kReplacement : text.substr(0, bytes);
    if (bytes == 1) {
      if (const std::string_view escape = Escape(text[0], buffer); !escape.empty()) piece = escape;
    }
    if (out.size() + piece.size() > size_max) {
      out.append("...\"");
      return false;
    }
    out.append(piece);
    text.remove_prefix(bytes == 0 ? broken : bytes);
  }
  out.push_back('"');
  return true;
}

std::string ValidUtf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t broken = 0;
    const std::size_t bytes = CharacterBytes(text, &broken);
    out.append(bytes == 0 ? kReplacement : text.substr(0, bytes));
    text.remove_prefix(bytes == 0 ? broken : bytes);
  }
  return out;
}

}  // namespace postern::observe
