// tests/services/mailbox-transport/pipeline/tracking_folder.h
//
// A folder for a log, and what its files hold.
//
// Flow      TrackingFolder folder; Rows("event-id") after the log was flushed.

#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "common/base/text.h"
#include "common/observe/csv_files.h"
#include "common/observe/csv_line.h"

namespace postern::pipeline {

using Row = std::map<std::string, std::string, std::less<>>;

class TrackingFolder {
 public:
  TrackingFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "postern-track-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }

  ~TrackingFolder() { std::filesystem::remove_all(path_); }

  TrackingFolder(const TrackingFolder&) = delete;
  TrackingFolder& operator=(const TrackingFolder&) = delete;

  const std::string& path() const { return path_; }

  // Lines by the names of their fields, oldest first.
  std::vector<Row> Rows(std::string_view prefix) const {
    constexpr std::string_view kNames = "#Fields: ";
    std::vector<Row> rows;
    for (const observe::CsvFile& file : observe::CsvFiles(path_, prefix)) {
      std::vector<std::string> names;
      std::ifstream in(file.path);
      for (std::string line; std::getline(in, line);) {
        if (line.starts_with(kNames)) names = observe::SplitCsv(line.substr(kNames.size()));
        if (line.starts_with('#')) continue;
        const std::vector<std::string> values = observe::SplitCsv(line);
        Row& row = rows.emplace_back();
        for (std::size_t i = 0; i < names.size() && i < values.size(); ++i)
          row[names[i]] = values[i];
        if (values.size() != names.size()) row["damaged"] = line;
      }
    }
    return rows;
  }

 private:
  std::string path_;
};

}  // namespace postern::pipeline
