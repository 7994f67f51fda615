// common/observe/process_metrics.h
//
// What the process itself uses, and which build it is, under the names that dashboards know.
//
// Flow      AddProcessMetrics(registry, "mailbox-transport") once, at start.
// See       process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds,
//           process_start_time_seconds, postern_build_info, postern_observe_log_dropped_total

#pragma once

#include <string_view>

#include "common/observe/metrics.h"

namespace postern::observe {

// "0.1.0".
std::string_view Version();

void AddProcessMetrics(Registry& registry, std::string_view service);

}  // namespace postern::observe
