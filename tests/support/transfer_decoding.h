// tests/support/transfer_decoding.h
//
// What a reader makes of an encoded body: quoted-printable and base64 in lines, decoded strictly.
//
// Failure   nullopt where RFC 2045 §6.7 or §6.8 is broken, a line of more than 76 bytes included.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/text.h"

namespace postern::testing {

inline std::optional<std::string> DecodeQuotedLine(std::string_view line, bool& goes_on) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (line.size() > 76) return std::nullopt;
  goes_on = line.ends_with('=');
  if (goes_on) line.remove_suffix(1);
  if (!goes_on && !line.empty() && (line.back() == ' ' || line.back() == '\t')) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '=') {
      const bool legal = (line[i] >= ' ' && line[i] <= '~') || line[i] == '\t';
      if (!legal) return std::nullopt;
      out.push_back(line[i]);
      continue;
    }
    if (i + 2 >= line.size()) return std::nullopt;
    const std::size_t high = kDigits.find(line[i + 1]);
    const std::size_t low = kDigits.find(line[i + 2]);
    if (high == kDigits.npos || low == kDigits.npos) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

inline std::optional<std::string> DecodeQuotedPrintable(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t end = text.find("\r\n");
    bool goes_on = false;
    const auto line = DecodeQuotedLine(text.substr(0, end), goes_on);
    if (!line) return std::nullopt;
    out.append(*line);
    if (end == text.npos) return goes_on ? std::nullopt : std::optional(out);
    if (!goes_on) out.append("\r\n");
    text.remove_prefix(end + 2);
  }
}

inline std::optional<std::string> DecodeBase64Lines(std::string_view text) {
  std::string joined;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    if (line.size() > 76) return std::nullopt;
    joined.append(line);
    text.remove_prefix(end == text.npos ? text.size() : end + 2);
  }
  return base::FromBase64(joined);
}

}  // namespace postern::testing
