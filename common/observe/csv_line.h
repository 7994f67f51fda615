// common/observe/csv_line.h
//
// One line of a CSV log, as values: what AppendCsv and CsvTime wrote, read again.
//
// Flow      SplitCsv(line) gives the values without their quotes; SplitList parts a value that
//           holds several.
// Failure   A quote that does not end takes the rest of the line.
// See       RFC 4180

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace postern::observe {

std::vector<std::string> SplitCsv(std::string_view line);

// "2026-01-31T23:59:59.123Z"; nullopt when it is of another form.
std::optional<absl::Time> ParseCsvTime(std::string_view text);

// The parts between ";"; one within double quotes is part of a mailbox name and parts nothing.
std::vector<std::string_view> SplitList(std::string_view value);

}  // namespace postern::observe
