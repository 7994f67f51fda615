// services/mailbox-transport/pipeline/tracking_settings.h
//
// TrackingSettings and RoutingLogSettings: where what becomes of each message, and why it goes
// where it goes, is written down, and how long it is kept.
//
// See       Exchange's MessageTrackingLog* and RoutingTableLog* parameters of Set-TransportService;
//           docs/logs.md

#pragma once

#include <string>

#include "common/settings/setting.h"

namespace postern::pipeline {

struct TrackingSettings {
  settings::Setting<bool> enabled{
      .key = "message_tracking_log.enabled",
      .fallback = true,
      .about = "Whether what becomes of each message is written down (MessageTrackingLogEnabled)."};
  settings::Setting<std::string> path{
      .key = "message_tracking_log.path",
      .about =
          "Folder of the message tracking log (MessageTrackingLogPath); empty: "
          "<store.path>.logs/message-tracking. One server alone writes to it."};
  settings::Setting<absl::Duration> max_age{
      .key = "message_tracking_log.max_age",
      .fallback = absl::Hours(30 * 24),
      .min = absl::ZeroDuration(),
      .max = absl::Hours(24855 * 24),
      .about = "How long a file is kept (MessageTrackingLogMaxAge); 0 is for ever."};
  settings::Setting<settings::Size> max_directory_size{
      .key = "message_tracking_log.max_directory_size",
      .fallback = {1000ULL << 20},
      .min = {1ULL << 20},
      .max = {1ULL << 40},
      .about =
          "What all files may take together (MessageTrackingLogMaxDirectorySize); the oldest go "
          "first."};
  settings::Setting<settings::Size> max_file_size{
      .key = "message_tracking_log.max_file_size",
      .fallback = {10ULL << 20},
      .min = {4ULL << 10},
      .max = {1ULL << 30},
      .about = "At which size a new file is begun (MessageTrackingLogMaxFileSize)."};
  settings::Setting<bool> subject_logging_enabled{
      .key = "message_tracking_log.subject_logging_enabled",
      .fallback = true,
      .about = "Whether subjects are written (MessageTrackingLogSubjectLoggingEnabled)."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(enabled);
    visit(path);
    visit(max_age);
    visit(max_directory_size);
    visit(max_file_size);
    visit(subject_logging_enabled);
  }
};

struct RoutingLogSettings {
  settings::Setting<bool> enabled{
      .key = "routing_log.enabled",
      .fallback = true,
      .about = "Whether routing tables and the first decision for each next hop are written down."};
  settings::Setting<std::string> path{
      .key = "routing_log.path",
      .about =
          "Folder of the routing log (RoutingTableLogPath); empty: <store.path>.logs/routing."};
  settings::Setting<absl::Duration> max_age{
      .key = "routing_log.max_age",
      .fallback = absl::Hours(7 * 24),
      .min = absl::ZeroDuration(),
      .max = absl::Hours(24855 * 24),
      .about = "How long a file is kept (RoutingTableLogMaxAge); 0 is for ever."};
  settings::Setting<settings::Size> max_directory_size{
      .key = "routing_log.max_directory_size",
      .fallback = {50ULL << 20},
      .min = {1ULL << 20},
      .max = {1ULL << 40},
      .about =
          "What all files may take together (RoutingTableLogMaxDirectorySize); the oldest go "
          "first."};
  settings::Setting<settings::Size> max_file_size{.key = "routing_log.max_file_size",
                                                  .fallback = {10ULL << 20},
                                                  .min = {4ULL << 10},
                                                  .max = {1ULL << 30},
                                                  .about = "At which size a new file is begun."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(enabled);
    visit(path);
    visit(max_age);
    visit(max_directory_size);
    visit(max_file_size);
  }
};

}  // namespace postern::pipeline
