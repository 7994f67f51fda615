#include "common/mail/date.h"

#include <array>
#include <cstdint>

namespace postern::mail {

namespace {

constexpr std::array<const char*, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void AppendTwoDigits(std::string& out, int value) {
  out.push_back(static_cast<char>('0' + value / 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

}  // namespace

std::string FormatDate(absl::Time time) {
  // Not absl::FormatTime: strftime's names depend on the locale. Nor printf: each message has one.
  const absl::CivilSecond civil = absl::ToCivilSecond(time, absl::UTCTimeZone());
  std::string out;
  out.reserve(32);
  out.append(kDays[static_cast<std::size_t>(absl::GetWeekday(civil))]).append(", ");
  AppendTwoDigits(out, civil.day());
  out.append(" ").append(kMonths[static_cast<std::size_t>(civil.month() - 1)]).append(" ");
  const auto year = static_cast<std::int64_t>(civil.year());
  if (year >= 0 && year <= 9999) {
    AppendTwoDigits(out, static_cast<int>(year / 100));
    AppendTwoDigits(out, static_cast<int>(year % 100));
  } else {
    out.append(std::to_string(year));
  }
  out.push_back(' ');
  AppendTwoDigits(out, civil.hour());
  out.push_back(':');
  AppendTwoDigits(out, civil.minute());
  out.push_back(':');
  AppendTwoDigits(out, civil.second());
  return out.append(" +0000");
}

}  // namespace postern::mail
