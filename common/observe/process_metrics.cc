#include "common/observe/process_metrics.h"

#include <ctime>
#include <fstream>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/observe/log.h"
#include "common/observe/machine.h"

namespace postern::observe {

namespace {

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double OpenFiles() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = 0;
  while (const dirent* file = ::readdir(folder))
    count += file->d_name[0] == '.' ? 0 : 1;
  ::closedir(folder);
  return count - 1;  // Without the folder that we read.
}

}  // namespace

std::string_view Version() {
  return POSTERN_VERSION;
}

void AddProcessMetrics(Registry& registry, std::string_view service) {
  registry.AddReading("process_resident_memory_bytes", "Memory of the process that is resident.",
                      [] { return static_cast<double>(ResidentBytes()); });
  registry.AddReading("process_cpu_seconds_total",
                      "Processor time of the process, user and system.", CpuSeconds);
  registry.AddReading("process_open_fds", "Open file descriptors of the process.", OpenFiles);
  registry
      .AddGauge("process_start_time_seconds", "When the process began, in seconds since 1970 UTC.")
      .Set(static_cast<double>(std::time(nullptr)));
  registry
      .AddGauge("postern_build_info", "Always 1; its labels name the service and its version.",
                {{"service", std::string(service)}, {"version", std::string(Version())}})
      .Set(1);
  registry.AddReading("postern_observe_log_dropped_total",
                      "Log lines lost to a full queue or a failed write.",
                      [] { return static_cast<double>(LinesDropped()); });
}

}  // namespace postern::observe
