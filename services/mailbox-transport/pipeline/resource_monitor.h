// services/mailbox-transport/pipeline/resource_monitor.h
//
// ResourceMonitor: reads disk, memory and commits every few seconds and tells Pressure.
//
// Flow      Construct: it reads once before the constructor returns, then on its own thread.
// Failure   A disk that cannot be read keeps its level; it is logged once.
// Lifetime  Borrows all parts; the destructor ends the thread.
// See       pressure.h; postern_accept_pressure_level

#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "common/base/ticker.h"
#include "common/observe/machine.h"
#include "common/observe/metrics.h"
#include "services/mailbox-transport/pipeline/pressure.h"
#include "services/mailbox-transport/pipeline/pressure_settings.h"

namespace postern::pipeline {

class ResourceMonitor {
 public:
  struct Sources {
    std::string store_path;
    std::string log_path;  // empty: no logs are written
    std::function<std::size_t()> submission_length;
    // The longest wait of a commit since it was asked before.
    std::function<absl::Duration()> commit_latency;
    std::function<absl::StatusOr<observe::DiskUse>(const std::string&)> disk = observe::DiskUseOf;
    std::function<observe::MemoryUse()> memory = [] { return observe::MemoryUseNow(); };
  };

  ResourceMonitor(const PressureSettings& settings,
                  Sources sources,
                  observe::Registry& registry,
                  Pressure& pressure);

  // One round now; for tests, else of its thread alone.
  void Poll();

 private:
  enum Resource : std::uint8_t { kStoreDisk, kLogDisk, kMemory, kSubmission, kCommit, kResources };

  void PollDisk(Resource resource, const std::string& path);
  void Note(Resource resource, double reading, const PressureMarks& marks);

  const PressureSettings& settings_;
  const Sources sources_;
  Pressure& pressure_;
  PressureBoard board_;
  std::array<observe::Gauge*, kResources> levels_;
  std::array<observe::Gauge*, kResources> readings_;
  std::array<std::array<observe::Gauge*, 3>, kResources> marks_;  // normal, medium, high
  bool disk_told_ = false;
  std::optional<base::Ticker> ticker_;  // the last member: it uses the others
};

void DeclareResourceMetrics(observe::Registry& registry);

}  // namespace postern::pipeline
