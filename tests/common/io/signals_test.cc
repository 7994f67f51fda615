#include "common/io/signals.h"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postern::io {
namespace {

// In a process of its own: `second` tells whether a second signal follows the first.
int ExitCodeAfterSignals(bool second) {
  const pid_t child = fork();
  if (child == 0) {
    Signals signals;
    for (const int nothing : {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE})
      kill(getpid(), nothing);
    kill(getpid(), SIGTERM);
    if (signals.Wait() != SIGTERM) _exit(9);
    if (second) kill(getpid(), SIGTERM);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(SignalsTest, SigtermIsWaitedFor) {
  EXPECT_EQ(ExitCodeAfterSignals(false), 0);
}

TEST(SignalsTest, ASecondSigtermEndsTheProcess) {
  EXPECT_EQ(ExitCodeAfterSignals(true), 1);
}

TEST(SignalsTest, WhoStartsSeesThatTheEndIsWanted) {
  const pid_t child = fork();
  if (child == 0) {
    const Signals signals;
    std::mutex mutex;
    std::condition_variable wake;
    std::unique_lock lock(mutex);
    if (StopWanted()) _exit(9);
    kill(getpid(), SIGTERM);
    const absl::Time began = absl::Now();
    const bool done = AwaitUnlessStopped(wake, lock, absl::Hours(1), [] { return false; });
    _exit(StopWanted() && !done && absl::Now() - began < absl::Seconds(10) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace postern::io
