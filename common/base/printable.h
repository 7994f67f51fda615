// common/base/printable.h
//
// PrintableBytes: how much of a text is printable ASCII, eight bytes at a time; with characters
// given, how much of it before the first of those too.
//
// See       common/observe/json_text.cc, csv_log.cc: what is printable is written in one piece

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace postern::base {

// The bytes before the first that is not of 0x20 to 0x7e, or is one of `kBut`.
template <char... kBut>
std::size_t PrintableBytes(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const auto odd = [](std::uint64_t word) {
    // A high bit rises from each byte that is too large, is 0x7f, or is below 0x20; or is `kBut`.
    std::uint64_t bits = word | (word + kOnes) | (word - 0x20 * kOnes);
    ((bits |= (word ^ kBut * kOnes) - kOnes), ...);
    return (bits & 0x80 * kOnes) != 0;
  };
  const auto at_word = [text](std::size_t at) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    return word;
  };
  std::size_t at = 0;
  while (at + 8 <= text.size() && !odd(at_word(at)))
    at += 8;
  // The last eight bytes, some of them once more, when those before are in order.
  const bool tail = at + 8 > text.size() && text.size() >= 8;
  if (tail && !odd(at_word(text.size() - 8))) return text.size();
  while (at < text.size() && text[at] >= 0x20 && text[at] < 0x7f && ((text[at] != kBut) && ...))
    ++at;
  return at;
}

}  // namespace postern::base
