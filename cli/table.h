// cli/table.h
//
// Tables and lists as an Exchange shell prints them.
//
// Flow      Table table({{"Identity"}, {"Count", Table::Align::kRight}}); table.Add({"x", "3"});
//           out << table.Render(width).   RenderList({{"Identity", "x"}}).
// Limits    `width` is the terminal's; 0 cuts nothing. Cells are shown without control characters.
//           A column is never cut below its header or kCellCharactersMin.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::cli {

inline constexpr std::size_t kCellCharactersMin = 8;

class Table {
 public:
  enum class Align { kLeft, kRight };

  struct Column {
    std::string header;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void Add(std::vector<std::string> cells);

  bool empty() const { return rows_.empty(); }

  // Header, dashes and rows; no line ends with a space.
  std::string Render(std::size_t width) const;

 private:
  std::vector<std::size_t> WidthsFor(std::size_t width) const;
  void AppendRow(std::string& out,
                 const std::vector<std::string>& cells,
                 const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "Name  : value" lines with the colons in one column; an empty value leaves nothing behind it.
std::string RenderList(const std::vector<std::pair<std::string, std::string>>& fields);

// What a stranger wrote, made safe for a terminal: one line, no control characters.
std::string ForTerminal(std::string_view text);

// The bytes of a sign at the start of `text` that a terminal obeys rather than shows, beyond ASCII:
// C1 controls, and marks that turn text around. 0: there is none.
std::size_t UnsafeAt(std::string_view text);

// Characters as the terminal counts them, near enough: code points.
std::size_t CharactersOf(std::string_view text);

}  // namespace postern::cli
