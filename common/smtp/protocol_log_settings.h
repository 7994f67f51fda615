// common/smtp/protocol_log_settings.h
//
// ProtocolLogSettings: where the protocol log of outbound sessions lies, and how long.
//
// See       Exchange's SendProtocolLogPath, SendProtocolLogMaxAge, SendProtocolLogMaxDirectorySize
//           and SendProtocolLogMaxFileSize; common/smtp/protocol_log.h

#pragma once

#include <string>

#include "common/settings/setting.h"

namespace postern::smtp {

struct ProtocolLogSettings {
  settings::Setting<std::string> path{
      .key = "protocol_log.path",
      .about =
          "Folder of the SMTP send protocol log (SendProtocolLogPath), which has the sessions of "
          "connectors with protocolLoggingLevel Verbose; empty: there is none, whatever a "
          "connector says."};
  settings::Setting<absl::Duration> max_age{
      .key = "protocol_log.max_age",
      .fallback = absl::Hours(30 * 24),
      .min = absl::ZeroDuration(),
      .max = absl::Hours(24855 * 24),
      .about = "How long a file is kept (SendProtocolLogMaxAge); 0 is for ever."};
  settings::Setting<settings::Size> max_directory_size{
      .key = "protocol_log.max_directory_size",
      .fallback = {250ULL << 20},
      .min = {1ULL << 20},
      .max = {1ULL << 40},
      .about =
          "What all files may take together (SendProtocolLogMaxDirectorySize); the oldest go "
          "first."};
  settings::Setting<settings::Size> max_file_size{
      .key = "protocol_log.max_file_size",
      .fallback = {10ULL << 20},
      .min = {4ULL << 10},
      .max = {1ULL << 30},
      .about = "At which size a new file is begun (SendProtocolLogMaxFileSize)."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(path);
    visit(max_age);
    visit(max_directory_size);
    visit(max_file_size);
  }
};

}  // namespace postern::smtp
