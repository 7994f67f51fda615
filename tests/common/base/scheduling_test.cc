#include "common/base/scheduling.h"

#include <thread>

#include "gtest/gtest.h"
#include <sched.h>

namespace postern::base {
namespace {

int PolicyOfThisThread() {
  return sched_getscheduler(0);
}

TEST(SchedulingTest, AThreadInheritsWakingBehindOthersAndMayLeaveIt) {
  int of_starter = -1;
  int inherited = -1;
  int at_last = -1;
  std::thread([&] {
    WakeBehindOthers();
    of_starter = PolicyOfThisThread();
    std::thread([&] {
      inherited = PolicyOfThisThread();
      WakeAtOnce();
      at_last = PolicyOfThisThread();
    }).join();
  }).join();
  EXPECT_EQ(of_starter, SCHED_BATCH);
  EXPECT_EQ(inherited, SCHED_BATCH);
  EXPECT_EQ(at_last, SCHED_OTHER);
  EXPECT_EQ(PolicyOfThisThread(), SCHED_OTHER);
}

}  // namespace
}  // namespace postern::base
