// common/smtp/connectivity_log_settings.h
//
// ConnectivityLogSettings: where the connectivity log of a service lies, and how long.
//
// See       Exchange's ConnectivityLog* parameters; common/smtp/connectivity_log.h

#pragma once

#include "common/observe/csv_log_settings.h"

namespace postern::smtp {

struct ConnectivityLogSettings : observe::CsvLogSettings {
  ConnectivityLogSettings()
      : CsvLogSettings(
            {"connectivity_log.path",
             "Folder of the connectivity log (ConnectivityLogPath); empty: "
             "<store.path>.logs/connectivity, and none where there is no store."},
            {"connectivity_log.max_age",
             "How long a file is kept (ConnectivityLogMaxAge); 0 is for ever."},
            {"connectivity_log.max_directory_size",
             "What all files may take together (ConnectivityLogMaxDirectorySize); the oldest go "
             "first."},
            {"connectivity_log.max_file_size",
             "At which size a new file is begun (ConnectivityLogMaxFileSize)."},
            Defaults()) {}

  settings::Setting<bool> enabled{
      .key = "connectivity_log.enabled",
      .fallback = true,
      .about = "Whether outgoing connections are written down (ConnectivityLogEnabled)."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(enabled);
    CsvLogSettings::Visit(visit);
  }
};

}  // namespace postern::smtp
