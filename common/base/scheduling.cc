#include "common/base/scheduling.h"

#include <sched.h>

namespace postern::base {

namespace {

void Follow(int policy) {
  const sched_param none{};
  sched_setscheduler(/*this thread*/ 0, policy, &none);
}

}  // namespace

void WakeBehindOthers() {
  Follow(SCHED_BATCH);
}

void WakeAtOnce() {
  Follow(SCHED_OTHER);
}

}  // namespace postern::base
