#include "common/observe/log_time.h"

#include <cstdint>
#include <limits>

namespace postern::observe {

void AppendLogTime(std::string& line, absl::Time time) {
  // A busy log writes many lines in one second.
  struct Second {
    std::int64_t at = std::numeric_limits<std::int64_t>::min();
    std::string text;
  };

  thread_local Second known;
  const std::int64_t second = absl::ToUnixSeconds(time);
  if (known.at != second) {
    known.at = second;
    known.text = absl::FormatTime("%Y-%m-%d%ET%H:%M:%S.", time, absl::UTCTimeZone());
  }
  const auto rest = static_cast<unsigned>(absl::ToUnixMillis(time) - second * 1000);
  const char tail[] = {static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                       static_cast<char>('0' + rest % 10), 'Z'};
  line.append(known.text).append(tail, sizeof tail);
}

std::string LogTime(absl::Time time) {
  std::string text;
  AppendLogTime(text, time);
  return text;
}

std::optional<absl::Time> ParseLogTime(std::string_view text) {
  absl::Time time;
  std::string error;
  const std::string owned(text);
  if (!absl::ParseTime("%Y-%m-%d%ET%H:%M:%E*SZ", owned, absl::UTCTimeZone(), &time, &error)) {
    return std::nullopt;
  }
  return time;
}

}  // namespace postern::observe
