#include "common/base/slug.h"

#include <algorithm>

namespace postern::base {

bool IsSlug(std::string_view text) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || text.size() > kSlugBytesMax) return false;
  if (!letter_or_digit(text.front()) || !letter_or_digit(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter_or_digit(c) || c == '-'; });
}

}  // namespace postern::base
