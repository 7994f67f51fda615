// common/base/text.h
//
// The text helpers that every floor uses, on std::string_view (Debian's absl::string_view is a type
// of its own, so Abseil's text functions are called through here).

#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace postern::base {

namespace text_internal {
inline void Append(std::string& out, std::string_view part) {
  out.append(part);
}

inline void Append(std::string& out, char part) {
  out.push_back(part);
}

// A template, because a plain bool parameter would be a better match for a literal than
// string_view.
template <std::integral Number>
void Append(std::string& out, Number part) {
  if constexpr (std::same_as<Number, bool>) {
    out.append(part ? "true" : "false");
  } else {
    out.append(std::to_string(part));
  }
}
}  // namespace text_internal

// Joins text, characters, booleans and integers: Cat("port ", 25).
template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::string out;
  (text_internal::Append(out, parts), ...);
  return out;
}

// Status of one code with a message joined from parts.
template <typename... Parts>
absl::Status Error(absl::StatusCode code, const Parts&... parts) {
  return absl::Status(code, Cat(parts...));
}

// The message of a status as std::string_view.
std::string_view MessageOf(const absl::Status& status);

// The same status with "<prefix>: " before its message; OK stays OK.
absl::Status Annotate(const absl::Status& status, std::string_view prefix);

// ASCII only; bytes above 127 stay as they are.
std::string LowerAscii(std::string_view text);
std::string UpperAscii(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix);

std::string_view Trim(std::string_view text);
// Splits at every `separator`; empty parts are kept. Split("", ',') is one empty part.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);

// Decimal digits only, no sign, no spaces; nullopt when it is anything else or does not fit.
std::optional<std::uint64_t> ParseUnsigned(std::string_view text);

std::string Hex(std::string_view bytes);
std::string Base64(std::string_view bytes);
// nullopt when the text is not canonical base64 with padding.
std::optional<std::string> FromBase64(std::string_view text);

// For log lines and errors: control bytes and non-ASCII as \xNN, cut to `bytes_max` with "...".
std::string Printable(std::string_view text, std::size_t bytes_max = 200);

}  // namespace postern::base
