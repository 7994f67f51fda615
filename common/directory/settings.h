// common/directory/settings.h
//
// DirectorySettings: where the directory is, how it is watched, and where it is changed.

#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/settings/setting.h"

namespace postern::directory {

// However often changes follow one another, they are loaded after so many quiet times.
inline constexpr int kQuietRoundsMax = 10;

struct DirectorySettings {
  settings::Setting<std::string> source{
      .key = "directory.source",
      .fallback = "files",
      .about =
          "Where the directory comes from: files (directory.path, or the writer's), or kubernetes "
          "(the resources of postern.dev in one namespace; the settings kubernetes.* say how)."};

  settings::Setting<std::string> path{
      .key = "directory.path",
      .fallback = "/etc/postern/directory",
      .about =
          "Folder of YAML manifests: SendConnector, Site, SiteLink, TransportServer, "
          "AcceptedDomain, "
          "TransportConfig. The admin API writes below managed/ in it."};

  settings::Setting<std::string> cache{
      .key = "directory.cache",
      .fallback = "",
      .about =
          "File for the last good snapshot, used at start when the folder is unreadable or "
          "wrong, or the writer is away. Empty keeps none."};

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

  settings::Setting<std::string> writer{
      .key = "directory.writer",
      .fallback = "",
      .about =
          "Where the directory is changed, as host:port of the admin port of that "
          "mailbox-transport: this server then follows it over mTLS and does not read "
          "directory.path. Empty: this server is the writer and has the directory from "
          "directory.path."};

  settings::Setting<absl::Duration> writer_timeout{
      .key = "directory.writer_timeout",
      .fallback = absl::Seconds(30),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(10),
      .about =
          "How long a start waits for the directory's writer when there is no copy on disk; with "
          "one, 3 seconds at most."};

  settings::Setting<settings::Size> audit_file_size{
      .key = "directory.audit_file_size",
      .fallback = {10 * 1024 * 1024},
      .min = {4 * 1024},
      .max = {1024 * 1024 * 1024},
      .about =
          "Size at which the audit file of the admin API's changes, managed/.audit.log below "
          "directory.path, gives way to the next."};

  settings::Setting<int> audit_files{.key = "directory.audit_files",
                                     .fallback = 10,
                                     .min = 1,
                                     .max = 1000,
                                     .about = "How many audit files are kept; the oldest goes."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(source);
    visit(path);
    visit(cache);
    visit(poll_interval);
    visit(quiet_time);
    visit(writer);
    visit(writer_timeout);
    visit(audit_file_size);
    visit(audit_files);
  }
};

// kInvalidArgument: a source that is none, or a writer that does not go with it.
absl::Status CheckSettings(const DirectorySettings& settings);

}  // namespace postern::directory
