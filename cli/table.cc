#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "common/base/check.h"
#include "common/mail/utf8.h"

namespace postern::cli {

namespace {

constexpr std::string_view kCut = "...";

bool Begins(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

// The first `characters` of `text`.
std::string_view Head(std::string_view text, std::size_t characters) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (Begins(text[at]) && characters-- == 0) break;
  }
  return text.substr(0, at);
}

std::string Fitted(const std::string& cell, std::size_t width, Table::Align align) {
  const std::size_t characters = CharactersOf(cell);
  if (characters > width) return std::string(Head(cell, width - kCut.size())).append(kCut);
  const std::string space(width - characters, ' ');
  return align == Table::Align::kLeft ? cell + space : space + cell;
}

}  // namespace

// C1 controls (U+0080 to U+009F), and the marks that turn text around (U+202A to U+202E, U+2066 to
// U+2069): a terminal obeys them.
std::size_t UnsafeAt(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
  if (byte(0) != 0xE2) return 0;
  if (byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE) return 3;
  if (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9) return 3;
  return 0;
}

std::size_t CharactersOf(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), Begins));
}

std::string ForTerminal(std::string_view text) {
  const std::string clean = mail::CleanText(text, text.size());
  std::string out;
  out.reserve(clean.size());
  for (std::size_t i = 0; i < clean.size();) {
    const std::size_t unsafe = UnsafeAt(std::string_view(clean).substr(i));
    out.push_back(unsafe > 0 ? ' ' : clean[i]);
    i += std::max<std::size_t>(unsafe, 1);
  }
  return out;
}

void Table::Add(std::vector<std::string> cells) {
  POSTERN_CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells)
    cell = ForTerminal(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::WidthsFor(std::size_t width) const {
  std::vector<std::size_t> widths;
  std::vector<std::size_t> least;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::size_t header = CharactersOf(columns_[i].header);
    std::size_t widest = header;
    for (const auto& row : rows_)
      widest = std::max(widest, CharactersOf(row[i]));
    widths.push_back(widest);
    least.push_back(std::min(widest, std::max(header, kCellCharactersMin)));
  }
  if (width == 0) return widths;
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), widths.size() - 1);
  };
  // The widest column gives way first.
  while (total() > width) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] == least[i]) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) break;
    --widths[widest];
  }
  return widths;
}

void Table::AppendRow(std::string& out,
                      const std::vector<std::string>& cells,
                      const std::vector<std::size_t>& widths) const {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line.push_back(' ');
    line.append(Fitted(cells[i], widths[i], columns_[i].align));
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out.append(line).push_back('\n');
}

std::string Table::Render(std::size_t width) const {
  const std::vector<std::size_t> widths = WidthsFor(width);
  std::vector<std::string> headers;
  std::vector<std::string> dashes;
  for (const Column& column : columns_) {
    headers.push_back(column.header);
    dashes.push_back(std::string(CharactersOf(column.header), '-'));
  }
  std::string out;
  AppendRow(out, headers, widths);
  AppendRow(out, dashes, widths);
  for (const auto& row : rows_)
    AppendRow(out, row, widths);
  return out;
}

std::string RenderList(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::size_t widest = 0;
  for (const auto& [name, value] : fields)
    widest = std::max(widest, CharactersOf(name));
  std::string out;
  for (const auto& [name, value] : fields) {
    std::string line = name + std::string(widest - CharactersOf(name), ' ') + " : ";
    line.append(ForTerminal(value));
    line.erase(line.find_last_not_of(' ') + 1);
    out.append(line).push_back('\n');
  }
  return out;
}

}  // namespace postern::cli
