// common/io/signals.h
//
// Signals: SIGTERM and SIGINT as something to wait for; SIGHUP and its like do nothing.
//
// Flow      Construct first thing in main, before any thread; StopWanted while the service starts;
//           Wait; a second signal ends the process.
// Lifetime  One for a process.

#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace postern::io {

class Signals {
 public:
  Signals();

  // Blocks until SIGTERM or SIGINT; afterwards the next one ends the process at once (exit code 1).
  int Wait();
};

// Whether a signal has come that nobody has waited for yet: who starts gives up then.
bool StopWanted();

// What a start waits for: until `done` holds, StopWanted, or `most` is over. True when it holds.
template <typename Done>
bool AwaitUnlessStopped(std::condition_variable& wake,
                        std::unique_lock<std::mutex>& lock,
                        absl::Duration most,
                        Done done) {
  constexpr absl::Duration kLook = absl::Milliseconds(200);
  const absl::Time end = absl::Now() + most;
  for (absl::Time now = absl::Now(); !done() && now < end && !StopWanted(); now = absl::Now())
    wake.wait_for(lock, absl::ToChronoNanoseconds(std::min(kLook, end - now)), done);
  return done();
}

}  // namespace postern::io
