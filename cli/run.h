// cli/run.h
//
// Runs one command line: 0 when it did what was asked, 1 when it failed, 2 for wrong words.

#pragma once

#include "cli/shell.h"

namespace postern::cli {

inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

int RunCommandLine(int argc, const char* const* argv, Shell shell);

}  // namespace postern::cli
