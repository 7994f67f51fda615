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
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/time/time.h"

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
  ~ResourceMonitor();
  ResourceMonitor(const ResourceMonitor&) = delete;
  ResourceMonitor& operator=(const ResourceMonitor&) = delete;

  // One round now; for tests, else of its thread alone.
  void Poll();

 private:
  enum Resource : std::uint8_t { kStoreDisk, kLogDisk, kMemory, kSubmission, kCommit, kResources };

  void Run();
  void PollDisk(Resource resource, const std::string& path);
  void Note(Resource resource, double reading, const PressureMarks& marks);

  const PressureSettings& settings_;
  const Sources sources_;
  Pressure& pressure_;
  PressureBoard board_;
  std::array<observe::Gauge*, kResources> levels_;
  std::array<observe::Gauge*, kResources> readings_;
  bool disk_told_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

void DeclareResourceMetrics(observe::Registry& registry);

}  // namespace postern::pipeline
