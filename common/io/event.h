// common/io/event.h
//
// Event: fibers of one executor wait here until it is notified.
//
// Failure   Until: kDeadlineExceeded when the deadline came first, kCancelled when the fiber was
//           stopped.
// Lifetime  Must outlive its waiters.
// Limits    One executor. A notification with nobody waiting is not remembered: test your
//           condition first, in a loop.

#pragma once

#include <list>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/io/task.h"

namespace postern::io {

class EventWait;

class Event {
 public:
  Event() = default;
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Waits for a notification, at most `within`.
  Task<absl::Status> Until(absl::Duration within);
  // Waits without a deadline of its own: for loops that end by Scope::Stop.
  Task<absl::Status> Wait();
  // Waits for a notification even when the fiber is stopped: for ends that always come.
  Task<void> Notified();

  void NotifyOne();
  void NotifyAll();

 private:
  friend class EventWait;
  std::list<EventWait*> waiters_;
};

// Waits `for_how_long`; kCancelled when the fiber is stopped.
Task<absl::Status> Sleep(absl::Duration for_how_long);

}  // namespace postern::io
