#include "common/base/host_name.h"

#include <unistd.h>

namespace postern::base {

std::string HostName(const std::string& set) {
  if (!set.empty()) return set;
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace postern::base
