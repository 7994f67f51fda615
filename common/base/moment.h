// common/base/moment.h
//
// A moment as an administrator writes it, in filters and on the command line.
//
// Failure   Nothing when it is none; kMomentRule says what is expected.

#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace postern::base {

// RFC 3339; or a date with or without a time as 2026-11-28 06:30 or 11/28/2026 6:30:00 AM, in UTC.
std::optional<absl::Time> ParseMoment(std::string_view text);

inline constexpr std::string_view kMomentRule =
    "a time is expected, as 2026-11-28T06:30:00Z, 2026-11-28 06:30 or 11/28/2026 6:30:00 AM; "
    "without a zone it is UTC";

}  // namespace postern::base
