#include "common/io/watchdog.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::io {

Watchdog::Watchdog(const std::vector<Executor*>& executors, absl::Duration every)
    : ticker_("watchdog", every, [this, every] {
        Ask();
        return every;
      }) {
  const std::lock_guard lock(mutex_);
  for (Executor* executor : executors)
    asked_.push_back({executor, {}, std::make_shared<std::atomic<bool>>(true)});
}

void Watchdog::Serve(observe::Registry& registry, observe::HttpServer& http) const {
  registry.AddReading("postern_io_lag_seconds",
                      "How long the slowest io thread has owed an answer; every second each is "
                      "asked for one.",
                      [this] { return absl::ToDoubleSeconds(Lag()); });
  http.AddLiveCheck([this] { return Stalled(); });
}

void Watchdog::Ask() {
  const std::lock_guard lock(mutex_);
  for (Asked& one : asked_) {
    if (!one.answered->exchange(false)) continue;
    one.at = std::chrono::steady_clock::now();
    one.executor->Post([answered = one.answered] { *answered = true; });
  }
}

absl::Duration Watchdog::Lag() const {
  const std::lock_guard lock(mutex_);
  absl::Duration lag;
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const Asked& one : asked_) {
    if (!*one.answered) lag = std::max(lag, absl::FromChrono(now - one.at));
  }
  return lag;
}

std::string Watchdog::Stalled(absl::Duration most) const {
  const absl::Duration lag = Lag();
  if (lag <= most) return "";
  return base::Cat("an io thread has not answered for ",
                   absl::FormatDuration(absl::Trunc(lag, absl::Seconds(1))));
}

}  // namespace postern::io
