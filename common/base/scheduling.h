// common/base/scheduling.h
//
// How soon a thread gets a processor when it wakes up and all are busy.
//
// Flow      main() calls WakeBehindOthers first, and every thread that it starts, a library's too,
//           inherits that; a thread that mail waits for calls WakeAtOnce.
// Failure   A system that forbids it leaves the thread as it was, which costs time only.
// See       sched(7), SCHED_BATCH; docs/decisions/0018-threads-that-wake-behind-others.md

#pragma once

namespace postern::base {

// This thread lets the one that runs go on until its share of time is over.
void WakeBehindOthers();

// This thread may take the processor from the one that runs, as Linux does by default.
void WakeAtOnce();

}  // namespace postern::base
