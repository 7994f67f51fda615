#include "common/mail/date.h"

#include <array>
#include <cstdint>
#include <limits>

namespace postern::mail {

namespace {

constexpr std::array<const char*, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void AppendTwoDigits(std::string& out, int value) {
  out.push_back(static_cast<char>('0' + value / 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

// Not absl::FormatTime: strftime's names depend on the locale. Nor printf: each message has one.
std::string Format(absl::Time time) {
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

}  // namespace

std::string FormatDate(absl::Time time) {
  // A busy server writes many in one second.
  struct Second {
    std::int64_t at = std::numeric_limits<std::int64_t>::min();
    std::string text;
  };

  thread_local Second known;
  const std::int64_t second = absl::ToUnixSeconds(time);
  if (known.at != second) known = {second, Format(time)};
  return known.text;
}

}  // namespace postern::mail
