// common/smtp/protocol_log_settings.h
//
// ProtocolLogSettings: where the protocol log of outbound sessions lies, and how long.
//
// See       Exchange's SendProtocolLogPath, SendProtocolLogMaxAge, SendProtocolLogMaxDirectorySize
//           and SendProtocolLogMaxFileSize; common/smtp/protocol_log.h

#pragma once

#include "common/observe/csv_log_settings.h"

namespace postern::smtp {

struct ProtocolLogSettings : observe::CsvLogSettings {
  ProtocolLogSettings()
      : CsvLogSettings(
            {"protocol_log.path",
             "Folder of the SMTP send protocol log (SendProtocolLogPath), which has the sessions "
             "of connectors with protocolLoggingLevel Verbose; empty: <store.path>.logs/protocol, "
             "and none where there is no store, whatever a connector says."},
            {"protocol_log.max_age",
             "How long a file is kept (SendProtocolLogMaxAge); 0 is for ever."},
            {"protocol_log.max_directory_size",
             "What all files may take together (SendProtocolLogMaxDirectorySize); the oldest go "
             "first."},
            {"protocol_log.max_file_size",
             "At which size a new file is begun (SendProtocolLogMaxFileSize)."},
            {.max_directory_size = 250ULL << 20}) {}
};

}  // namespace postern::smtp
