// services/mailbox-transport/pipeline/tracking_settings.h
//
// TrackingSettings and RoutingLogSettings: where what becomes of each message, and why it goes
// where it goes, is written down, and how long it is kept.
//
// See       Exchange's MessageTrackingLog* and RoutingTableLog* parameters of Set-TransportService;
//           docs/logs.md

#pragma once

#include "common/observe/csv_log_settings.h"

namespace postern::pipeline {

struct TrackingSettings : observe::CsvLogSettings {
  TrackingSettings()
      : CsvLogSettings(
            {"message_tracking_log.path",
             "Folder of the message tracking log (MessageTrackingLogPath); empty: "
             "<store.path>.logs/message-tracking. One server alone writes to it."},
            {"message_tracking_log.max_age",
             "How long a file is kept (MessageTrackingLogMaxAge); 0 is for ever."},
            {"message_tracking_log.max_directory_size",
             "What all files may take together (MessageTrackingLogMaxDirectorySize); the oldest go "
             "first."},
            {"message_tracking_log.max_file_size",
             "At which size a new file is begun (MessageTrackingLogMaxFileSize)."},
            Defaults()) {}

  settings::Setting<bool> enabled{
      .key = "message_tracking_log.enabled",
      .fallback = true,
      .about = "Whether what becomes of each message is written down (MessageTrackingLogEnabled)."};
  settings::Setting<bool> subject_logging_enabled{
      .key = "message_tracking_log.subject_logging_enabled",
      .fallback = true,
      .about = "Whether subjects are written (MessageTrackingLogSubjectLoggingEnabled)."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(enabled);
    CsvLogSettings::Visit(visit);
    visit(subject_logging_enabled);
  }
};

struct RoutingLogSettings : observe::CsvLogSettings {
  RoutingLogSettings()
      : CsvLogSettings(
            {"routing_log.path",
             "Folder of the routing log (RoutingTableLogPath); empty: <store.path>.logs/routing."},
            {"routing_log.max_age",
             "How long a file is kept (RoutingTableLogMaxAge); 0 is for ever."},
            {"routing_log.max_directory_size",
             "What all files may take together (RoutingTableLogMaxDirectorySize); the oldest go "
             "first."},
            {"routing_log.max_file_size", "At which size a new file is begun."},
            {.max_age = absl::Hours(7 * 24), .max_directory_size = 50ULL << 20}) {}

  settings::Setting<bool> enabled{
      .key = "routing_log.enabled",
      .fallback = true,
      .about = "Whether routing tables and the first decision for each next hop are written down."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(enabled);
    CsvLogSettings::Visit(visit);
  }
};

}  // namespace postern::pipeline
