// common/observe/csv_line.h
//
// One line of a CSV log, as values: what AppendCsv wrote, read again.
//
// Flow      SplitCsv(line) gives the values without their quotes; SplitList parts a value that
//           holds several.
// Failure   A quote that does not end takes the rest of the line.
// See       RFC 4180

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::observe {

std::vector<std::string> SplitCsv(std::string_view line);

// The parts between ";"; one within double quotes is part of a mailbox name and parts nothing.
std::vector<std::string_view> SplitList(std::string_view value);

}  // namespace postern::observe
