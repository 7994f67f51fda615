// common/io/file_limit.h
//
// RaiseFileLimit: a process may open as many files as the system lets it, not as few as it begins
// with (often 1024, for the sake of programs that use select).
//
// Flow      Once, at start.
// Failure   None: what the limit is then is what it was.
// See       setrlimit(2)

#pragma once

namespace postern::io {

void RaiseFileLimit();

}  // namespace postern::io
