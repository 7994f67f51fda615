// mailbox-transport: accepts, stores, routes, queues, delivers and settles mail.

#include <iostream>

#include "common/base/text.h"
#include "common/io/signals.h"
#include "common/observe/log.h"
#include "common/observe/markdown.h"
#include "common/settings/command_line.h"
#include "common/settings/loader.h"
#include "services/mailbox-transport/app/app.h"

namespace {

using postern::settings::CommandLine;

int Fail(const absl::Status& status) {
  std::cerr << "mailbox-transport: " << postern::base::MessageOf(status) << "\n";
  return 1;
}

int Serve(const postern::app::AppSettings& settings, postern::io::Signals& signals) {
  auto level = postern::observe::Level::kInfo;
  if (!postern::observe::ParseLevel(*settings.endpoints.log_level, &level)) {
    return Fail(absl::InvalidArgumentError("log.level: use debug, info, warning or error"));
  }
  if (const absl::Status opened = postern::observe::OpenLog(level); !opened.ok())
    return Fail(opened);
  auto app = postern::app::App::Start(settings);
  if (!app.ok()) {
    postern::observe::CloseLog();
    return Fail(app.status());
  }
  signals.Wait();
  (*app)->Stop();
  app->reset();
  postern::observe::CloseLog();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  postern::io::Signals signals;
  const CommandLine line = postern::settings::ParseCommandLine(
      argc, argv,
      "mailbox-transport: accepts, stores, routes, queues, delivers and settles outbound mail");
  if (line.exit_code) return *line.exit_code;

  postern::app::AppSettings settings;
  postern::settings::Loader loader;
  loader.Add(settings);
  if (line.print == CommandLine::Print::kSettingsMarkdown) {
    std::cout << loader.Markdown();
    return 0;
  }
  if (line.print == CommandLine::Print::kMetricsMarkdown) {
    postern::observe::Registry registry;
    postern::app::DeclareMetrics(registry);
    std::cout << postern::observe::MarkdownOf(registry);
    return 0;
  }
  const absl::Status loaded = loader.Load(line.settings_file, line.overrides);
  if (!loaded.ok()) return Fail(loaded);
  if (line.print == CommandLine::Print::kSettings) {
    std::cout << loader.Print();
    return 0;
  }
  if (line.check) return 0;
  return Serve(settings, signals);
}
