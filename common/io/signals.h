// common/io/signals.h
//
// Signals: SIGTERM and SIGINT as something to wait for; SIGHUP and its like do nothing.
//
// Flow      Construct first thing in main, before any thread; Wait; a second signal ends the
//           process.
// Lifetime  One for a process.

#pragma once

namespace postern::io {

class Signals {
 public:
  Signals();

  // Blocks until SIGTERM or SIGINT; afterwards the next one ends the process at once (exit code 1).
  int Wait();
};

}  // namespace postern::io
