#include "common/mail/date.h"

#include <array>
#include <cstdio>

namespace postern::mail {

namespace {

constexpr std::array<const char*, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string FormatDate(absl::Time time) {
  // Not absl::FormatTime: strftime's names depend on the locale.
  const absl::CivilSecond civil = absl::ToCivilSecond(time, absl::UTCTimeZone());
  std::array<char, 80> text{};
  const int bytes = std::snprintf(
      text.data(), text.size(), "%s, %02d %s %04lld %02d:%02d:%02d +0000",
      kDays[static_cast<std::size_t>(absl::GetWeekday(civil))], civil.day(),
      kMonths[static_cast<std::size_t>(civil.month() - 1)], static_cast<long long>(civil.year()),
      civil.hour(), civil.minute(), civil.second());
  return std::string(text.data(), static_cast<std::size_t>(bytes));
}

}  // namespace postern::mail
