#include "common/base/units.h"

#include <cstdio>

#include "common/base/text.h"

namespace postern::base {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr Unit kUnits[] = {
    {"TB", 1ULL << 40}, {"GB", 1ULL << 30}, {"MB", 1ULL << 20}, {"KB", 1ULL << 10}, {"B", 1}};

struct SpanUnit {
  std::string_view name;
  absl::Duration span;
};

const SpanUnit kSpanUnits[] = {{"ms", absl::Milliseconds(1)},
                               {"s", absl::Seconds(1)},
                               {"m", absl::Minutes(1)},
                               {"h", absl::Hours(1)},
                               {"d", absl::Hours(24)}};
const absl::Duration kSpanMax = absl::Hours(24 * 100'000);
constexpr std::uint64_t kSpanNumberMax = 8'640'000'000'000;  // of milliseconds

absl::Status BadSize(std::string_view text) {
  return Error(absl::StatusCode::kInvalidArgument, "\"", Printable(text),
               "\" is not a size: write a whole number with B, KB, MB, GB or TB, or \"unlimited\"");
}

absl::Status BadSpan(std::string_view text) {
  return Error(absl::StatusCode::kInvalidArgument, "\"", Printable(text),
               "\" is not a time span: write [dd.]hh:mm:ss, or a number with ms, s, m, h or d");
}

// "[dd.]hh:mm:ss[.fff]"; the caller has seen a colon.
absl::StatusOr<absl::Duration> ParseClockSpan(std::string_view text) {
  std::uint64_t days = 0;
  std::string_view rest = text;
  if (const auto dot = rest.find('.'); dot < rest.find(':')) {
    const auto value = ParseUnsigned(rest.substr(0, dot));
    if (!value || *value > 100'000) return BadSpan(text);
    days = *value;
    rest.remove_prefix(dot + 1);
  }
  const auto parts = Split(rest, ':');
  if (parts.size() != 3) return BadSpan(text);
  const auto second_parts = Split(parts[2], '.');
  const auto hours = ParseUnsigned(parts[0]);
  const auto minutes = ParseUnsigned(parts[1]);
  const auto seconds = ParseUnsigned(second_parts[0]);
  if (!hours || !minutes || !seconds || second_parts.size() > 2) return BadSpan(text);
  if (*hours > 23 || *minutes > 59 || *seconds > 59) return BadSpan(text);
  absl::Duration span =
      absl::Hours(24 * days + *hours) + absl::Minutes(*minutes) + absl::Seconds(*seconds);
  if (second_parts.size() == 2) {
    if (second_parts[1].empty() || second_parts[1].size() > 9) return BadSpan(text);
    if (!ParseUnsigned(second_parts[1])) return BadSpan(text);
    std::string digits(second_parts[1].substr(0, 3));
    while (digits.size() < 3)
      digits.push_back('0');
    const auto millis = ParseUnsigned(digits);
    if (!millis) return BadSpan(text);
    span += absl::Milliseconds(*millis);
  }
  return span;
}

}  // namespace

absl::StatusOr<std::uint64_t> ParseSize(std::string_view given) {
  const std::string_view text = Trim(given);
  if (EqualsIgnoreCase(text, "unlimited")) return kUnlimited;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = ParseUnsigned(text.substr(0, digits));
  const std::string_view unit = Trim(text.substr(digits));
  if (!number) return BadSize(given);
  if (unit.empty()) return *number;
  for (const Unit& known : kUnits) {
    if (!EqualsIgnoreCase(unit, known.name)) continue;
    if (*number > kUnlimited / known.bytes) return BadSize(given);
    return *number * known.bytes;
  }
  return BadSize(given);
}

std::string FormatSize(std::uint64_t bytes) {
  if (bytes == kUnlimited) return "unlimited";
  for (const Unit& unit : kUnits) {
    if (bytes >= unit.bytes && bytes % unit.bytes == 0) return Cat(bytes / unit.bytes, unit.name);
  }
  return "0B";
}

absl::StatusOr<absl::Duration> ParseTimeSpan(std::string_view given) {
  const std::string_view text = Trim(given);
  if (text.find(':') != std::string_view::npos) return ParseClockSpan(text);
  if (text == "0") return absl::ZeroDuration();
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = ParseUnsigned(text.substr(0, digits));
  if (!number || *number > kSpanNumberMax) return BadSpan(given);
  for (const SpanUnit& unit : kSpanUnits) {
    if (text.substr(digits) != unit.name) continue;
    const absl::Duration span = static_cast<std::int64_t>(*number) * unit.span;
    if (span > kSpanMax) return BadSpan(given);
    return span;
  }
  return BadSpan(given);
}

std::string FormatTimeSpan(absl::Duration span) {
  const std::int64_t millis = absl::ToInt64Milliseconds(span);
  const std::int64_t seconds = millis / 1000;
  char text[64];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(seconds / 3600 % 24),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  std::string out = seconds >= 86400 ? Cat(seconds / 86400, ".", text) : std::string(text);
  if (millis % 1000 != 0) {
    std::snprintf(text, sizeof text, ".%03d", static_cast<int>(millis % 1000));
    out += text;
  }
  return out;
}

std::string FormatTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

}  // namespace postern::base
