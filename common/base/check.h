// common/base/check.h
//
// POSTERN_CHECK: a bug ends the process, with the place and the broken condition on standard error.
//
// Failure   For conditions that only a mistake of ours can break. What a peer, a file or a caller
//           can do to us is absl::Status.

#pragma once

namespace postern::base {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace postern::base

#define POSTERN_CHECK(condition)                                    \
  do {                                                              \
    if (!(condition)) [[unlikely]]                                  \
      ::postern::base::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
