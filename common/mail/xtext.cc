// xtext   = *( xchar / hexchar )
// xchar   = any ASCII character from "!" to "~" but "+" and "="
// hexchar = "+" followed by two hexadecimal digits; small letters are taken, never written

#include "common/mail/xtext.h"

#include "common/base/text.h"

namespace postern::mail {

namespace {

bool IsXchar(char c) {
  return c > 32 && c < 127 && c != '+' && c != '=';
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string EncodeXtext(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsXchar(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'+', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

std::optional<std::string> DecodeXtext(std::string_view xtext, bool utf8) {
  std::string out;
  out.reserve(xtext.size());
  for (std::size_t i = 0; i < xtext.size(); ++i) {
    const bool wide = static_cast<unsigned char>(xtext[i]) >= 0x80;
    if (IsXchar(xtext[i]) || (utf8 && wide)) {
      out.push_back(xtext[i]);
      continue;
    }
    if (xtext[i] != '+' || xtext.size() - i < 3) return std::nullopt;
    const int high = HexValue(xtext[i + 1]);
    const int low = HexValue(xtext[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

bool IsXtext(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsXchar(text[i])) continue;
    if (text[i] != '+' || text.size() - i < 3) return false;
    if (HexValue(text[i + 1]) < 0 || HexValue(text[i + 2]) < 0) return false;
    i += 2;
  }
  return true;
}

}  // namespace postern::mail
