// common/observe/csv_files.h
//
// The files of a CSV log in its folder: `<prefix>yyyymmdd-n.log`, and their order.
//
// Flow      CsvFiles(folder, prefix), the oldest first; CsvFileNamed for the place of one.
// Failure   A folder that cannot be read has no files.
// See       common/observe/csv_log.h

#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::observe {

struct CsvFile {
  std::string name;
  std::string day;  // "20260131"
  std::uint64_t number = 0;
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::filesystem::file_time_type written;

  // By day and number, as they were begun.
  bool Before(const CsvFile& other) const;
};

std::vector<CsvFile> CsvFiles(const std::string& folder, std::string_view prefix);

// Its day and number; nullopt when it is no file of the prefix.
std::optional<CsvFile> CsvFileNamed(std::string_view name, std::string_view prefix);

}  // namespace postern::observe
