#include "cli/field_view.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/base/wildcard.h"

namespace postern::cli {

namespace {

std::vector<std::string> PatternsFor(const View& view, std::span<const std::string_view> usual) {
  if (!view.properties.empty()) return view.properties;
  if (view.form == View::Form::kList) return {"*"};
  return {usual.begin(), usual.end()};
}

// The places of the fields that are shown, in the order in which they are asked for.
absl::StatusOr<std::vector<std::size_t>> PlacesOf(const Fields& fields,
                                                  const View& view,
                                                  std::span<const std::string_view> usual) {
  std::vector<std::size_t> places;
  for (const std::string& pattern : PatternsFor(view, usual)) {
    const std::size_t before = places.size();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (base::FitsWildcard(pattern, fields[i].first)) places.push_back(i);
    }
    if (places.size() != before) continue;
    return base::Error(absl::StatusCode::kInvalidArgument, "\"", base::Printable(pattern),
                       "\" is not a property; Format-List without properties shows all");
  }
  return places;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("-.0123456789") == std::string_view::npos;
}

}  // namespace

absl::Status PrintRows(const std::vector<Fields>& rows,
                       std::span<const std::string_view> usual,
                       const View& view,
                       Shell& shell,
                       Table::Align numbers) {
  if (rows.empty()) return absl::OkStatus();
  const auto places = PlacesOf(rows.front(), view, usual);
  if (!places.ok()) return places.status();
  if (view.form == View::Form::kList) {
    for (const Fields& row : rows) {
      if (&row != &rows.front()) shell.out << '\n';
      Fields shown;
      for (const std::size_t place : *places)
        shown.push_back(row[place]);
      shell.out << RenderList(shown);
    }
    return absl::OkStatus();
  }
  std::vector<Table::Column> columns;
  for (const std::size_t place : *places) {
    const bool counts = std::all_of(rows.begin(), rows.end(), [place](const Fields& row) {
      return IsNumber(row[place].second);
    });
    columns.push_back({rows.front()[place].first, counts ? numbers : Table::Align::kLeft});
  }
  Table table(std::move(columns));
  for (const Fields& row : rows) {
    std::vector<std::string> cells;
    for (const std::size_t place : *places)
      cells.push_back(row[place].second);
    table.Add(std::move(cells));
  }
  shell.out << table.Render(shell.width);
  return absl::OkStatus();
}

}  // namespace postern::cli
