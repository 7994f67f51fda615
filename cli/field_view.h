// cli/field_view.h
//
// Rows of an answer as the view asks for them: a table of some properties, or a list of all.
//
// Flow      PrintRows(rows, usual, view, shell).
// Failure   kInvalidArgument: a property that the rows do not have.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "cli/resource_print.h"
#include "cli/shell.h"
#include "cli/table.h"

namespace postern::cli {

// Name and value, the same names in every row.
using Fields = std::vector<std::pair<std::string, std::string>>;

// `usual`: what a table shows when nobody says what. Columns of numbers stand on `numbers`.
absl::Status PrintRows(const std::vector<Fields>& rows,
                       std::span<const std::string_view> usual,
                       const View& view,
                       Shell& shell,
                       Table::Align numbers = Table::Align::kRight);

}  // namespace postern::cli
