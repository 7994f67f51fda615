#include "services/mailbox-transport/admin/probe.h"

#include <algorithm>
#include <string>

#include "absl/time/clock.h"

namespace postern::admin {

std::string_view NameOf(ChangeOutcome outcome) {
  constexpr std::string_view kNames[kChangeOutcomes] = {"done", "unchanged", "conflict", "refused",
                                                        "failed"};
  return kNames[static_cast<std::size_t>(outcome)];
}

DirectoryProbe::DirectoryProbe(observe::Registry& registry)
    : watchers_(registry.AddGauge("postern_directory_watchers",
                                  "Calls that watch this server's directory.")),
      dropped_(registry.AddCounter("postern_directory_watchers_dropped_total",
                                   "Watchers that did not read for a minute and were let go.")) {
  for (std::size_t kind = 0; kind < directory::kKinds; ++kind) {
    for (std::size_t outcome = 0; outcome < kChangeOutcomes; ++outcome) {
      changes_[kind][outcome] = &registry.AddCounter(
          "postern_directory_changes_total",
          "Changes of the directory that were asked of this server, by what came of them.",
          {{"kind", std::string(NameOf(static_cast<directory::Kind>(kind)))},
           {"outcome", std::string(NameOf(static_cast<ChangeOutcome>(outcome)))}});
    }
  }
}

void AddReadings(observe::Registry& registry, std::function<directory::DirectoryReadings()> read) {
  registry.AddReading("postern_directory_stale", "1 while a directory is served that may be old.",
                      [read] { return read().stale ? 1.0 : 0.0; });
  registry.AddReading(
      "postern_directory_stale_seconds",
      "Seconds for which the directory that is served may have been old; 0 while it is not.",
      [read] {
        const directory::DirectoryReadings now = read();
        return now.stale ? std::max(0.0, absl::ToDoubleSeconds(absl::Now() - now.stale_since))
                         : 0.0;
      });
  registry.AddReading("postern_directory_last_load_ok", "1 when the last load brought no error.",
                      [read] { return read().last_load_ok ? 1.0 : 0.0; });
  registry.AddReading("postern_directory_generation", "Snapshots in force since the start.",
                      [read] { return static_cast<double>(read().generation); });
  registry.AddReading(
      "postern_directory_writer_silence_seconds",
      "Seconds since the writer of the directory was heard; 0 on a server that follows none.",
      [read] {
        const absl::Time heard = read().writer_heard;
        return heard == absl::InfiniteFuture()
                   ? 0.0
                   : std::max(0.0, absl::ToDoubleSeconds(absl::Now() - heard));
      });
}

}  // namespace postern::admin
