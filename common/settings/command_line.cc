#include "common/settings/command_line.h"

#include <CLI/CLI.hpp>

namespace postern::settings {

CommandLine ParseCommandLine(int argc,
                             char** argv,
                             const std::string& about,
                             const std::string& version) {
  CommandLine line;
  CLI::App app(about);
  app.footer(
      "Every setting can also be given as an environment variable: "
      "POSTERN_QUEUE_MESSAGE_RETRY_INTERVAL "
      "for queue.message_retry_interval. Flags override the environment, which overrides the "
      "file.");
  app.add_option("--settings", line.settings_file, "YAML file with settings")->type_name("FILE");
  app.add_option("--set", line.overrides, "one setting, such as --set server.name=mbx-0")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--check", line.check, "read the settings, report every error, and end");
  app.set_version_flag("--version", version, "print name and version, and end");
  bool settings = false;
  bool settings_markdown = false;
  bool metrics_markdown = false;
  app.add_flag("--print-settings", settings, "print every setting in force, with its meaning");
  app.add_flag("--print-settings-markdown", settings_markdown, "print the manual page of settings");
  app.add_flag("--print-metrics-markdown", metrics_markdown, "print the manual page of metrics");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    line.exit_code = code == 0 ? 0 : 2;
    return line;
  }
  if (settings) line.print = CommandLine::Print::kSettings;
  if (settings_markdown) line.print = CommandLine::Print::kSettingsMarkdown;
  if (metrics_markdown) line.print = CommandLine::Print::kMetricsMarkdown;
  return line;
}

}  // namespace postern::settings
