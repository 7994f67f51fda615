// common/observe/machine.h
//
// What this process may use of its machine: disk and memory, as a container sees them.
//
// Flow      DiskUseOf(path), MemoryUseNow(): each reads now.
// Failure   DiskUseOf: what the system says of the path. MemoryUseNow never fails: without a
//           control group that limits memory it is the process in the machine's memory.
// Limits    The memory is the working set: what the kernel may take back at once (inactive pages
//           of files) is not counted, as Kubernetes counts.
// See       cgroups(7); statvfs(3)

#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace postern::observe {

struct DiskUse {
  std::uint64_t size = 0;       // bytes
  std::uint64_t available = 0;  // to us
};

absl::StatusOr<DiskUse> DiskUseOf(const std::string& path);

struct MemoryUse {
  std::uint64_t used = 0;   // bytes
  std::uint64_t limit = 0;  // of the control group, or of the machine
};

// `root` is where /proc and /sys are looked for.
MemoryUse MemoryUseNow(const std::string& root = "");

}  // namespace postern::observe
