#include "common/observe/csv_line.h"

namespace postern::observe {

std::vector<std::string> SplitCsv(std::string_view line) {
  std::vector<std::string> values;
  std::size_t at = 0;
  while (true) {
    std::string& value = values.emplace_back();
    if (at < line.size() && line[at] == '"') {
      ++at;
      while (at < line.size()) {
        if (line[at] == '"') {
          ++at;
          if (at >= line.size() || line[at] != '"') break;
        }
        value.push_back(line[at++]);
      }
    }
    const std::size_t end = std::min(line.find(',', at), line.size());
    value.append(line.substr(at, end - at));
    if (end == line.size()) return values;
    at = end + 1;
  }
}

std::vector<std::string_view> SplitList(std::string_view value) {
  std::vector<std::string_view> parts;
  if (value.empty()) return parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && quoted) {
      ++i;
    } else if (value[i] == '"') {
      quoted = !quoted;
    } else if (value[i] == ';' && !quoted) {
      parts.push_back(value.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(value.substr(begin));
  return parts;
}

}  // namespace postern::observe
