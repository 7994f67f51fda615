// common/base/wildcard.h
//
// FitsWildcard: whether a text fits a pattern in which "*" stands for any text. Pure.
//
// Limits    Linear for each star: it goes back to the last one only.

#pragma once

#include <string_view>

#include "common/base/text.h"

namespace postern::base {

// "Add*" fits "AddressSpaces"; without regard to case.
inline bool FitsWildcard(std::string_view pattern, std::string_view text) {
  constexpr auto kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t star = kNone;  // the last "*" seen, which takes what the rest cannot
  std::size_t resume = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = i;
    } else if (at < pattern.size() && EqualsIgnoreCase(pattern.substr(at, 1), text.substr(i, 1))) {
      ++at;
      ++i;
    } else if (star != kNone) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == kNone;
}

}  // namespace postern::base
