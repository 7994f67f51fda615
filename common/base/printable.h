// common/base/printable.h
//
// PrintableBytes: how much of a text is printable ASCII, eight bytes at a time.
//
// See       common/observe/json_text.cc, csv_log.cc: what is printable is written in one piece

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace postern::base {

// The bytes before the first that is not of 0x20 to 0x7e.
inline std::size_t PrintableBytes(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    // A high bit rises from each byte that is too large, is 0x7f, or is below 0x20.
    if (((word | (word + kOnes) | (word - 0x20 * kOnes)) & 0x80 * kOnes) != 0) break;
  }
  while (at < text.size() && text[at] >= 0x20 && text[at] < 0x7f)
    ++at;
  return at;
}

}  // namespace postern::base
