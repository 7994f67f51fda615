#include "common/observe/csv_files.h"

#include <algorithm>
#include <system_error>
#include <tuple>
#include <utility>

#include "common/base/text.h"

namespace postern::observe {

namespace fs = std::filesystem;

bool CsvFile::Before(const CsvFile& other) const {
  return std::tie(day, number) < std::tie(other.day, other.number);
}

std::optional<CsvFile> CsvFileNamed(std::string_view name, std::string_view prefix) {
  std::string_view rest = name;
  if (!rest.starts_with(prefix) || !rest.ends_with(".log")) return std::nullopt;
  rest.remove_prefix(prefix.size());
  rest.remove_suffix(4);
  if (rest.size() < 10 || rest[8] != '-') return std::nullopt;
  const auto number = base::ParseUnsigned(rest.substr(9));
  if (!base::ParseUnsigned(rest.substr(0, 8)) || !number) return std::nullopt;
  CsvFile file;
  file.name = name;
  file.day = rest.substr(0, 8);
  file.number = *number;
  return file;
}

std::vector<CsvFile> CsvFiles(const std::string& folder, std::string_view prefix) {
  std::vector<CsvFile> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    auto file = CsvFileNamed(at->path().filename().string(), prefix);
    if (!file) continue;
    std::error_code gone;
    file->path = at->path();
    file->bytes = fs::file_size(file->path, gone);
    if (!gone) file->written = fs::last_write_time(file->path, gone);
    if (!gone) files.push_back(*std::move(file));
  }
  std::sort(files.begin(), files.end(),
            [](const CsvFile& a, const CsvFile& b) { return a.Before(b); });
  return files;
}

}  // namespace postern::observe
