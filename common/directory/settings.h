// common/directory/settings.h
//
// DirectorySettings: where the directory is and how it is watched.

#pragma once

#include <string>

#include "absl/time/time.h"

#include "common/settings/setting.h"

namespace postern::directory {

struct DirectorySettings {
  settings::Setting<std::string> path{
      .key = "directory.path",
      .fallback = "/etc/postern/directory",
      .about = "Folder of YAML manifests: SendConnector, Site, TransportServer, TransportConfig."};

  settings::Setting<std::string> cache{
      .key = "directory.cache",
      .fallback = "",
      .about =
          "File for the last good snapshot, used at start when the folder is unreadable or "
          "wrong. Empty keeps none."};

  settings::Setting<absl::Duration> poll_interval{
      .key = "directory.poll_interval",
      .fallback = absl::Seconds(1),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(10),
      .about = "How often the folder is looked at for changes."};

  settings::Setting<absl::Duration> quiet_time{
      .key = "directory.quiet_time",
      .fallback = absl::Milliseconds(200),
      .min = absl::ZeroDuration(),
      .max = absl::Seconds(30),
      .about = "How long the folder must stay unchanged before a change is loaded."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(path);
    visit(cache);
    visit(poll_interval);
    visit(quiet_time);
  }
};

}  // namespace postern::directory
