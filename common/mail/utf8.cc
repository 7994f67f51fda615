#include "common/mail/utf8.h"

#include <cstdint>
#include <cstring>

#include "common/base/printable.h"

namespace postern::mail {

namespace {

unsigned char Byte(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool Continues(std::string_view text, std::size_t from, std::size_t end) {
  for (std::size_t i = from; i < end; ++i) {
    if (Byte(text, i) >> 6 != 2) return false;
  }
  return true;
}

}  // namespace

bool IsAscii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t seen = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    seen |= word;
  }
  for (; at < text.size(); ++at)
    seen |= Byte(text, at);
  return (seen & kHighBits) == 0;
}

std::size_t Utf8CharacterBytes(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned char first = Byte(text, 0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t bytes = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (text.size() < bytes || !Continues(text, 1, bytes)) return 0;
  // The second byte rules out overlong forms, surrogates, and what lies above U+10FFFF.
  const unsigned char second = Byte(text, 1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return bytes;
}

bool IsUtf8(std::string_view text) {
  if (IsAscii(text)) return true;
  while (!text.empty()) {
    const std::size_t bytes = Utf8CharacterBytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::size_t Utf8Cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text.size();
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return end == 0 ? bytes_max : end;
}

std::string CleanText(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max && base::PrintableBytes(text) == text.size())
    return std::string(text);
  std::string out;
  out.reserve(text.size() < bytes_max ? text.size() : bytes_max);
  while (!text.empty() && out.size() < bytes_max) {
    const std::size_t bytes = Utf8CharacterBytes(text);
    if (bytes == 1) {
      const unsigned char c = Byte(text, 0);
      out.push_back(c < 0x20 || c == 0x7f ? ' ' : text[0]);
    } else if (bytes == 0) {
      out.push_back('?');
    } else if (bytes == 2 && Byte(text, 0) == 0xc2 && Byte(text, 1) < 0xa0) {
      out.push_back(' ');  // C1 controls
    } else {
      if (out.size() + bytes > bytes_max) break;
      out.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return out;
}

}  // namespace postern::mail
