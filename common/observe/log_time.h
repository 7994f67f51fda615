// common/observe/log_time.h
//
// The time as every line of a log has it: RFC 3339, in UTC, with milliseconds.
//
// Failure   ParseLogTime gives nullopt for a text of another form.
// See       RFC 3339 §5.6

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace postern::observe {

// "2026-01-31T23:59:59.123Z". Cheap where many come of one second.
void AppendLogTime(std::string& line, absl::Time time);
std::string LogTime(absl::Time time);

std::optional<absl::Time> ParseLogTime(std::string_view text);

}  // namespace postern::observe
