// common/base/units.h
//
// Sizes ("25MB") and time spans ("00:10:00", "2.00:00:00", "500ms") as an administrator writes
// them.
//
// Failure   kInvalidArgument with the rule that was broken; the caller adds the name of the field.
// See       docs/glossary.md; sizes: B KB MB GB TB, powers of 1024.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace postern::base {

// What "unlimited" means as a number of bytes.
inline constexpr std::uint64_t kUnlimited = UINT64_MAX;

// "25MB", "4096", "unlimited". Spaces around the unit are allowed, case is not significant.
absl::StatusOr<std::uint64_t> ParseSize(std::string_view text);
// The shortest exact form: 26214400 is "25MB".
std::string FormatSize(std::uint64_t bytes);

// "[dd.]hh:mm:ss[.fff]" as Exchange writes it, or a number with ms, s, m, h or d.
absl::StatusOr<absl::Duration> ParseTimeSpan(std::string_view text);
// "[dd.]hh:mm:ss[.fff]".
std::string FormatTimeSpan(absl::Duration span);

// 2026-11-23T14:00:00.123Z, in UTC.
std::string FormatTime(absl::Time time);

}  // namespace postern::base
