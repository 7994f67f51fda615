// services/frontend-transport/app/app.h
//
// App: a whole frontend-transport: built here, started, drained and stopped; the only place that
// constructs.
//
// Flow      Start; ...; Stop.
// Failure   Start: the first thing that is wrong, naming setting or port; nothing stays open.
// Lifetime  The settings outlive it. From the main thread.

#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/observe/metrics.h"
#include "common/settings/errors.h"
#include "services/frontend-transport/app/settings.h"

namespace postern::frontend {

class App {
 public:
  // Of a log line that is not of one part.
  static constexpr std::string_view kStep = "egress";

  // All that is wrong with the settings, without a look at disk or network.
  static void Check(const AppSettings& settings, settings::Errors& errors);

  static absl::StatusOr<std::unique_ptr<App>> Start(const AppSettings& settings);
  ~App();

  // Not ready, no new offers, outcomes within server.stop_grace, then the end.
  void Stop();

  int proxy_port() const;
  int http_port() const;
  const observe::Registry& registry() const;

 private:
  struct State;
  explicit App(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Declares every metric, for the manual page.
void DeclareMetrics(observe::Registry& registry);

}  // namespace postern::frontend
