// common/smtp/connectivity_log_settings.h
//
// ConnectivityLogSettings: where the connectivity log of a service lies, and how long.
//
// See       Exchange's ConnectivityLog* parameters; common/smtp/connectivity_log.h

#pragma once

#include <string>

#include "common/settings/setting.h"

namespace postern::smtp {

struct ConnectivityLogSettings {
  settings::Setting<bool> enabled{
      .key = "connectivity_log.enabled",
      .fallback = true,
      .about = "Whether outgoing connections are written down (ConnectivityLogEnabled)."};
  settings::Setting<std::string> path{
      .key = "connectivity_log.path",
      .about =
          "Folder of the connectivity log (ConnectivityLogPath); empty: "
          "<store.path>.logs/connectivity, and none where there is no store."};
  settings::Setting<absl::Duration> max_age{
      .key = "connectivity_log.max_age",
      .fallback = absl::Hours(30 * 24),
      .min = absl::ZeroDuration(),
      .max = absl::Hours(24855 * 24),
      .about = "How long a file is kept (ConnectivityLogMaxAge); 0 is for ever."};
  settings::Setting<settings::Size> max_directory_size{
      .key = "connectivity_log.max_directory_size",
      .fallback = {1000ULL << 20},
      .min = {1ULL << 20},
      .max = {1ULL << 40},
      .about =
          "What all files may take together (ConnectivityLogMaxDirectorySize); the oldest go "
          "first."};
  settings::Setting<settings::Size> max_file_size{
      .key = "connectivity_log.max_file_size",
      .fallback = {10ULL << 20},
      .min = {4ULL << 10},
      .max = {1ULL << 30},
      .about = "At which size a new file is begun (ConnectivityLogMaxFileSize)."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(enabled);
    visit(path);
    visit(max_age);
    visit(max_directory_size);
    visit(max_file_size);
  }
};

}  // namespace postern::smtp
