#include "common/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace postern::base {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: broken condition: %s\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace postern::base
