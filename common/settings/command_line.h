// common/settings/command_line.h
//
// CommandLine: the flags that every service has.
//
// Flow      ParseCommandLine in main; then Loader::Load(settings_file, overrides), or what `print`
//           says.
// Failure   A wrong flag: `exit_code` is set and the words are already on standard error.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postern::settings {

struct CommandLine {
  enum class Print : std::uint8_t { kNothing, kSettings, kSettingsMarkdown, kMetricsMarkdown };

  std::string settings_file;
  std::vector<std::string> overrides;  // "key=value"
  Print print = Print::kNothing;
  bool check = false;            // load the settings and end
  std::optional<int> exit_code;  // set: end now
};

// `version` is what --version prints: "mailbox-transport 0.1.0".
CommandLine ParseCommandLine(int argc,
                             char** argv,
                             const std::string& about,
                             const std::string& version);

}  // namespace postern::settings
