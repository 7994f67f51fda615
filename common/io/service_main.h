// common/io/service_main.h
//
// ServiceMain: what main() of a service does: flags, settings, log, start, wait for SIGTERM, stop.
//
// Flow      return ServiceMain<Settings, App>(argc, argv, "name", "about", DeclareMetrics);
//           Settings has Visit and LogLevel(); App has kStep, Check(settings, errors),
//           Start(settings) and Stop().
//           --check says what is wrong, and warnings, on standard error and starts nothing.
// Failure   Exit code 2 for wrong flags, 1 for anything else, with a line for each mistake on
//           standard error.
// Lifetime  To be called first in main, before any thread.

#pragma once

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include <sys/stat.h>

#include "common/base/check.h"
#include "common/base/scheduling.h"
#include "common/base/text.h"
#include "common/io/file_limit.h"
#include "common/io/signals.h"
#include "common/observe/log.h"
#include "common/observe/markdown.h"
#include "common/observe/process_metrics.h"
#include "common/settings/command_line.h"
#include "common/settings/errors.h"
#include "common/settings/loader.h"

namespace postern::io {

namespace service_main_internal {

inline int Fail(const std::string& name, const absl::Status& status) {
  std::cerr << name << ": " << base::MessageOf(status) << "\n";
  return 1;
}

template <typename Settings, typename App>
absl::Status Check(const Settings& settings) {
  settings::Errors errors;
  auto level = observe::Level::kInfo;
  if (!observe::ParseLevel(settings.LogLevel(), &level)) {
    errors.Note(base::Error(absl::StatusCode::kInvalidArgument, "log.level: \"",
                            base::Printable(settings.LogLevel()),
                            "\": use debug, info, warning or error"));
  }
  App::Check(settings, errors);
  return errors.Together();
}

template <typename Settings, typename App>
int Serve(const std::string& name,
          const Settings& settings,
          const std::vector<std::string>& warnings,
          Signals& signals) {
  auto level = observe::Level::kInfo;
  POSTERN_CHECK(observe::ParseLevel(settings.LogLevel(), &level));  // Check has refused others
  const absl::Status opened = observe::OpenLog(level);
  if (!opened.ok()) return Fail(name, opened);
  for (const std::string& warning : warnings)
    POSTERN_LOG(kWarning, "settings", "check the settings", {{"why", warning}});
  // Debian's Abseil looks for deadlocks at each lock, under one lock of the process.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  auto app = App::Start(settings);
  if (!app.ok() && StopWanted()) {
    POSTERN_LOG(kInfo, App::kStep, "stopped before it was ready", {{"why", app.status()}});
    observe::CloseLog();
    return 0;
  }
  if (!app.ok()) {
    observe::CloseLog();
    return Fail(name, app.status());
  }
  signals.Wait();
  (*app)->Stop();
  app->reset();
  observe::CloseLog();
  return 0;
}

}  // namespace service_main_internal

template <typename Settings, typename App>
int ServiceMain(int argc,
                char** argv,
                const std::string& name,
                const std::string& about,
                void (*declare_metrics)(observe::Registry&)) {
  using Print = settings::CommandLine::Print;
  ::umask(0027);  // mail and logs are for this user, and its group to read
  RaiseFileLimit();
  base::WakeBehindOthers();
  Signals signals;
  const settings::CommandLine line = settings::ParseCommandLine(
      argc, argv, base::Cat(name, ": ", about), base::Cat(name, " ", observe::Version()));
  if (line.exit_code) return *line.exit_code;

  Settings settings;
  settings::Loader loader;
  loader.Add(settings);
  if (line.print == Print::kSettingsMarkdown) {
    std::cout << loader.Markdown();
    return 0;
  }
  if (line.print == Print::kMetricsMarkdown) {
    observe::Registry registry;
    declare_metrics(registry);
    std::cout << observe::MarkdownOf(registry);
    return 0;
  }
  const std::vector<std::string> warnings = loader.Warnings();
  // Beside an error too: a variable with a wrong name may be its cause.
  const auto warn = [&] {
    for (const std::string& warning : warnings)
      std::cerr << name << ": warning: " << warning << "\n";
  };
  const absl::Status loaded = loader.Load(line.settings_file, line.overrides);
  if (!loaded.ok()) {
    warn();
    return service_main_internal::Fail(name, loaded);
  }
  if (line.print == Print::kSettings) {
    std::cout << loader.Print();
    return 0;
  }
  const absl::Status checked = service_main_internal::Check<Settings, App>(settings);
  if (!checked.ok()) {
    warn();
    return service_main_internal::Fail(name, checked);
  }
  if (line.check) {
    warn();
    return 0;
  }
  return service_main_internal::Serve<Settings, App>(name, settings, warnings, signals);
}

}  // namespace postern::io
