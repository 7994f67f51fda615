#include "common/base/check.h"

#include <gtest/gtest.h>

namespace postern::base {
namespace {

TEST(CheckDeathTest, BrokenConditionEndsTheProcessAndIsNamed) {
  EXPECT_DEATH(POSTERN_CHECK(1 + 1 == 3), "check_test.cc:.*broken condition: 1 \\+ 1 == 3");
}

TEST(CheckTest, ConditionIsEvaluatedOnce) {
  int times = 0;
  POSTERN_CHECK(++times == 1);
  EXPECT_EQ(times, 1);
}

}  // namespace
}  // namespace postern::base
