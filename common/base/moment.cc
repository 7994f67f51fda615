#include "common/base/moment.h"

#include <string>

#include "common/base/text.h"

namespace postern::base {

namespace {

constexpr std::string_view kMomentFormats[] = {"%Y-%m-%d%ET%H:%M:%E*S%Ez",
                                               "%Y-%m-%d%ET%H:%M:%E*S",
                                               "%Y-%m-%d %H:%M:%E*S",
                                               "%Y-%m-%d %H:%M",
                                               "%Y-%m-%d",
                                               "%m/%d/%Y %I:%M:%S %p",
                                               "%m/%d/%Y %I:%M %p",
                                               "%m/%d/%Y %H:%M:%E*S",
                                               "%m/%d/%Y %H:%M",
                                               "%m/%d/%Y"};

}  // namespace

std::optional<absl::Time> ParseMoment(std::string_view given) {
  const std::string text(Trim(given));
  // Abseil reads "infinite-future" under every format.
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  for (const std::string_view format : kMomentFormats) {
    absl::Time time;
    std::string error;
    if (absl::ParseTime(std::string(format), text, absl::UTCTimeZone(), &time, &error)) return time;
  }
  return std::nullopt;
}

}  // namespace postern::base
