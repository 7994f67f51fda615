#include "common/settings/nearest.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::settings {

namespace {

constexpr std::size_t kTextBytesMax = 100;

}  // namespace

std::string_view Nearest(std::string_view text, const std::vector<std::string_view>& names) {
  text = text.substr(0, kTextBytesMax);
  std::string_view nearest;
  std::size_t distance = std::max<std::size_t>(2, text.size() / 4) + 1;
  for (const std::string_view name : names) {
    const std::size_t found = base::EditDistance(text, name);
    if (found >= distance) continue;
    distance = found;
    nearest = name;
  }
  return nearest;
}

}  // namespace postern::settings
