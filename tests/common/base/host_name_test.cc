#include "common/base/host_name.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>

namespace postern::base {
namespace {

TEST(HostNameTest, WhatIsSetStands) {
  EXPECT_EQ(HostName("mbx-0"), "mbx-0");
}

TEST(HostNameTest, WithoutASettingItIsTheMachines) {
  utsname machine{};
  ASSERT_EQ(uname(&machine), 0);
  EXPECT_EQ(HostName(""), machine.nodename);
}

}  // namespace
}  // namespace postern::base
