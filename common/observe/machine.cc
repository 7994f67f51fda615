#include "common/observe/machine.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <string_view>

#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/text.h"

namespace postern::observe {

namespace {

std::optional<std::uint64_t> NumberIn(const std::string& file) {
  std::ifstream in(file);
  std::uint64_t number = 0;
  if (in >> number) return number;
  return std::nullopt;  // "max" as well
}

// The number after `name` in a file of lines "name number".
std::uint64_t FieldIn(const std::string& file, std::string_view name) {
  std::ifstream in(file);
  std::string word;
  std::uint64_t number = 0;
  std::string rest;
  while (in >> word >> number) {
    if (word == name) return number;
    std::getline(in, rest);
  }
  return 0;
}

// The folder of our control group: of version 2, or of the memory controller of version 1. Inside
// a container the path may be the host's: then the mount itself is our group.
struct Group {
  std::string folder;
  bool v2 = false;
};

std::optional<Group> GroupOf(const std::string& root) {
  std::ifstream in(root + "/proc/self/cgroup");
  std::optional<Group> found;
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers =
        std::string_view(line).substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    const bool v2 = controllers.empty();
    const auto words = base::Split(controllers, ',');
    const bool v1 = std::find(words.begin(), words.end(), "memory") != words.end();
    if (!v1 && !v2) continue;
    const std::string mount = root + (v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory");
    const std::string usage = v2 ? "/memory.current" : "/memory.usage_in_bytes";
    for (const std::string& folder : {mount + path, mount}) {
      if (!NumberIn(folder + usage)) continue;
      if (!found || v1) found = Group{folder, v2};
      break;
    }
  }
  return found;
}

}  // namespace

absl::StatusOr<DiskUse> DiskUseOf(const std::string& path) {
  struct statvfs facts {};

  if (::statvfs(path.c_str(), &facts) != 0) {
    return absl::ErrnoToStatus(errno, base::Cat("the disk of ", path));
  }
  return DiskUse{static_cast<std::uint64_t>(facts.f_blocks) * facts.f_frsize,
                 static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize};
}

std::uint64_t ResidentBytes(const std::string& root) {
  std::ifstream in(root + "/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

MemoryUse MemoryUseNow(const std::string& root) {
  MemoryUse machine{ResidentBytes(root), FieldIn(root + "/proc/meminfo", "MemTotal:") * 1024};
  const std::optional<Group> group = GroupOf(root);
  if (!group) return machine;
  const auto limit =
      NumberIn(group->folder + (group->v2 ? "/memory.max" : "/memory.limit_in_bytes"));
  // Without a limit the group may be the whole machine, with the memory of others in it.
  if (!limit || (machine.limit > 0 && *limit >= machine.limit)) return machine;
  const auto used =
      NumberIn(group->folder + (group->v2 ? "/memory.current" : "/memory.usage_in_bytes"));
  if (!used) return MemoryUse();
  const std::uint64_t inactive =
      FieldIn(group->folder + "/memory.stat", group->v2 ? "inactive_file" : "total_inactive_file");
  return {*used - std::min(*used, inactive), *limit};
}

}  // namespace postern::observe
