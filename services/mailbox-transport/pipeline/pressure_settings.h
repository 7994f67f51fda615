// services/mailbox-transport/pipeline/pressure_settings.h
//
// PressureSettings: from where on new mail is held back and refused.
//
// See       pressure.h; docs/exchange.md "Back pressure"

#pragma once

#include "common/settings/setting.h"

namespace postern::pipeline {

struct PressureSettings {
  settings::Setting<bool> resource_monitoring_enabled{
      .key = "pressure.resource_monitoring_enabled",
      .fallback = true,
      .about = "Whether new mail is held back and refused when disk, memory or commits are short."};
  settings::Setting<absl::Duration> resource_monitoring_interval{
      .key = "pressure.resource_monitoring_interval",
      .fallback = absl::Seconds(2),
      .min = absl::Milliseconds(100),
      .max = absl::Seconds(30),
      .about = "How often the resources are read."};
  settings::Setting<settings::Size> disk_reserve{
      .key = "pressure.disk_reserve",
      .fallback = {500ULL << 20},
      .min = {0},
      .max = {1ULL << 40},
      .about =
          "High when less than this is free on the disk of the store or of the logs (a tenth of a "
          "smaller disk); medium and normal lie 2 and 4 percent of the disk before."};
  settings::Setting<int> memory_percent{
      .key = "pressure.memory_percent",
      .fallback = 75,
      .min = 10,
      .max = 100,
      .about =
          "High when the working set is this much of the memory limit; medium and normal lie 2 "
          "and 4 points lower."};
  settings::Setting<int> submission_length{
      .key = "pressure.submission_length",
      .fallback = 10'000,
      .min = 10,
      .max = 10'000'000,
      .about =
          "High when this many messages wait for their commit; medium and normal are 40 and 20 "
          "percent of it."};
  settings::Setting<absl::Duration> commit_latency{
      .key = "pressure.commit_latency",
      .fallback = absl::Seconds(10),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(10),
      .about =
          "High when a message waits this long for its commit; medium and normal are 40 and 20 "
          "percent of it."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(resource_monitoring_enabled);
    visit(resource_monitoring_interval);
    visit(disk_reserve);
    visit(memory_percent);
    visit(submission_length);
    visit(commit_latency);
  }
};

}  // namespace postern::pipeline
