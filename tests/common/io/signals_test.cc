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

}  // namespace
}  // namespace postern::io
