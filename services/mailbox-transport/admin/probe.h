// services/mailbox-transport/admin/probe.h
//
// DirectoryProbe: the metrics of the directory and its admin API, as verbs and readings.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "common/directory/resource.h"
#include "common/directory/source.h"
#include "common/observe/metrics.h"

namespace postern::admin {

// What came of a change that somebody asked for.
enum class ChangeOutcome : std::uint8_t { kDone, kUnchanged, kConflict, kRefused, kFailed };

inline constexpr std::size_t kChangeOutcomes = 5;

// "done", "unchanged", "conflict", "refused", "failed".
std::string_view NameOf(ChangeOutcome outcome);

class DirectoryProbe {
 public:
  explicit DirectoryProbe(observe::Registry& registry);

  void Changed(directory::Kind kind, ChangeOutcome outcome) {
    changes_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(outcome)]->Add();
  }

  void WatcherCame() { watchers_.Add(1); }

  void WatcherWent() { watchers_.Add(-1); }

  // A watcher that did not read for too long.
  void WatcherDropped() { dropped_.Add(); }

 private:
  std::array<std::array<observe::Counter*, kChangeOutcomes>, directory::kKinds> changes_;
  observe::Gauge& watchers_;
  observe::Counter& dropped_;
};

// What the source of the directory tells of itself; `read` outlives the registry's use.
void AddReadings(observe::Registry& registry, std::function<directory::DirectoryReadings()> read);

}  // namespace postern::admin
