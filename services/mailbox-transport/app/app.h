// services/mailbox-transport/app/app.h
//
// App: a whole mailbox-transport: built here, started, drained and stopped; the only place that
// constructs.
//
// Flow      Start: store, directory, queues from the store, listeners, ready. Stop: not ready,
//           refuse new mail, deliveries within server.stop_grace, sync, close.
// Failure   Start: the first thing that is wrong, naming setting, file or port; nothing stays
//           open.
// Lifetime  The settings outlive it. From the main thread.
// See       docs/architecture.md "Start and stop"

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/observe/metrics.h"
#include "common/settings/errors.h"
#include "services/mailbox-transport/app/settings.h"

namespace postern::app {

class App {
 public:
  // Of a log line that is not of one part.
  static constexpr std::string_view kStep = "accept";

  // All that is wrong with the settings, without a look at disk or network.
  static void Check(const AppSettings& settings, settings::Errors& errors);

  static absl::StatusOr<std::unique_ptr<App>> Start(const AppSettings& settings);
  ~App();

  void Stop();

  // 0 when there is no such listener.
  int smtp_port(const std::string& listener) const;
  int submission_port() const;
  int admin_port() const;
  int http_port() const;
  const observe::Registry& registry() const;

 private:
  struct State;
  explicit App(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Declares every metric, for the manual page.
void DeclareMetrics(observe::Registry& registry);

}  // namespace postern::app
