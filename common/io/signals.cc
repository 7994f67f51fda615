#include "common/io/signals.h"

#include <csignal>

#include <pthread.h>
#include <unistd.h>

namespace postern::io {

namespace {

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // None of these is meant to end a service: whatever can be read again is read when it changes.
  for (const int signal : {SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM})
    std::signal(signal, SIG_IGN);
}

int Signals::Wait() {
  const sigset_t set = StopSignals();
  int signal = 0;
  sigwait(&set, &signal);
  std::signal(SIGTERM, [](int) { _exit(1); });
  std::signal(SIGINT, [](int) { _exit(1); });
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return signal;
}

bool StopWanted() {
  sigset_t pending;
  return sigpending(&pending) == 0 &&
         (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

}  // namespace postern::io
