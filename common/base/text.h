// common/base/text.h
//
// The text helpers that every floor uses, on std::string_view (Debian's absl::string_view is a type
// of its own, so Abseil's text functions are called through here).

#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace postern::base {

namespace text_internal {
// One part of a text that is joined: it points to what it was given, or holds a number's digits.
class Part {
 public:
  explicit Part(std::string_view text) : text_(text) {}

  explicit Part(char c) : text_(digits_, 1) { digits_[0] = c; }

  // A template, because a plain bool parameter would be a better match for a literal than
  // string_view.
  template <std::integral Number>
  explicit Part(Number number) {
    if constexpr (std::same_as<Number, bool>) {
      text_ = number ? "true" : "false";
    } else {
      const char* const end = std::to_chars(digits_, std::end(digits_), number).ptr;
      text_ = std::string_view(digits_, static_cast<std::size_t>(end - digits_));
    }
  }

  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  char digits_[20];  // the most that an integer has, its sign included
};
}  // namespace text_internal

// Appends text, characters, booleans and integers; `out` grows at most once.
template <typename... Parts>
void AppendTo(std::string& out, const Parts&... parts) {
  const text_internal::Part all[] = {text_internal::Part(parts)...};
  std::size_t size = out.size();
  for (const text_internal::Part& part : all)
    size += part.text().size();
  if (size > out.capacity()) out.reserve(std::max(size, 2 * out.capacity()));
  for (const text_internal::Part& part : all)
    out.append(part.text());
}

// Joins text, characters, booleans and integers: Cat("port ", 25).
template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::string out;
  AppendTo(out, parts...);
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

constexpr bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What a hexadecimal digit is worth; -1 when it is none.
constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// A control byte or DEL that is not among those `allowed`.
bool HasControl(std::string_view text, std::string_view allowed = {});
// How many letters must change to make one of the other.
std::size_t EditDistance(std::string_view a, std::string_view b);

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
