// common/io/watchdog.h
//
// Watchdog: asks every executor again and again whether its loop still runs.
//
// Flow      Construct with the executors; Serve makes it a check of /livez and a metric.
// Failure   None: a loop that does not answer is what it tells.
// Lifetime  The executors outlive it; a question that is under way may be answered after it. It
//           outlives what it serves.
// Limits    A question a second to each, and none while the last one waits.

#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/base/ticker.h"
#include "common/io/executor.h"
#include "common/observe/http_server.h"
#include "common/observe/metrics.h"

namespace postern::io {

class Watchdog {
 public:
  // A loop that is away for longer does not come back by itself.
  static constexpr absl::Duration kStalledAfter = absl::Minutes(1);

  explicit Watchdog(const std::vector<Executor*>& executors,
                    absl::Duration every = absl::Seconds(1));

  // /livez and postern_io_lag_seconds.
  void Serve(observe::Registry& registry, observe::HttpServer& http) const;

  // How long the slowest of them has owed an answer; zero when none does.
  absl::Duration Lag() const;

  // What /livez says, "" when all answered within `most`.
  std::string Stalled(absl::Duration most = kStalledAfter) const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Asked {
    Executor* executor;
    SteadyTime at;
    std::shared_ptr<std::atomic<bool>> answered;
  };

  void Ask();

  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  base::Ticker ticker_;  // last: it asks
};

}  // namespace postern::io
