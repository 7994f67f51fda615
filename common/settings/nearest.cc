#include "common/settings/nearest.h"

#include <algorithm>
#include <numeric>

namespace postern::settings {

namespace {

constexpr std::size_t kTextBytesMax = 100;

// How many letters must change to make one of the other.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view Nearest(std::string_view text, const std::vector<std::string_view>& names) {
  text = text.substr(0, kTextBytesMax);
  std::string_view nearest;
  std::size_t distance = std::max<std::size_t>(2, text.size() / 4) + 1;
  for (const std::string_view name : names) {
    const std::size_t found = EditDistance(text, name);
    if (found >= distance) continue;
    distance = found;
    nearest = name;
  }
  return nearest;
}

}  // namespace postern::settings
