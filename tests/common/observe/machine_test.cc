#include "common/observe/machine.h"

#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"

#include "common/base/random.h"

namespace postern::observe {
namespace {

class MachineTest : public ::testing::Test {
 protected:
  MachineTest() { std::filesystem::create_directories(folder_); }

  ~MachineTest() override { std::filesystem::remove_all(folder_); }

  void File(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  MemoryUse Read() { return MemoryUseNow(folder_); }

  const std::string folder_ = (std::filesystem::temp_directory_path() /
                               ("postern-machine-" + base::Random::System().Uuid()))
                                  .string();
};

TEST_F(MachineTest, WithoutAGroupItIsTheProcessInTheMachine) {
  File("/proc/self/statm", "900 100 1 1 0 1 0\n");
  File("/proc/meminfo", "MemFree: 5 kB\nMemTotal:       2000 kB\n");
  EXPECT_EQ(Read().used, 100u * 4096);
  EXPECT_EQ(Read().limit, 2000u * 1024);
}

TEST_F(MachineTest, TheGroupOfVersionTwoWithoutItsInactiveFiles) {
  File("/proc/meminfo", "MemTotal: 2000000 kB\n");
  File("/proc/self/cgroup", "0::/pod/a\n");
  File("/sys/fs/cgroup/pod/a/memory.current", "5000\n");
  File("/sys/fs/cgroup/pod/a/memory.max", "9000\n");
  File("/sys/fs/cgroup/pod/a/memory.stat", "anon 1\nfile 7\ninactive_file 1500\nactive_file 3\n");
  EXPECT_EQ(Read().used, 3500u);
  EXPECT_EQ(Read().limit, 9000u);
}

TEST_F(MachineTest, TheMountItselfInsideAContainer) {
  File("/proc/meminfo", "MemTotal: 2000000 kB\n");
  File("/proc/self/cgroup", "0::/of/the/host\n");
  File("/sys/fs/cgroup/memory.current", "5000\n");
  File("/sys/fs/cgroup/memory.max", "9000\n");
  EXPECT_EQ(Read().limit, 9000u);
}

TEST_F(MachineTest, TheMemoryControllerOfVersionOne) {
  File("/proc/meminfo", "MemTotal: 2000000 kB\n");
  File("/proc/self/cgroup", "4:cpu:/x\n3:hugetlb,memory:/pod\n0::/\n");
  File("/sys/fs/cgroup/memory/pod/memory.usage_in_bytes", "5000\n");
  File("/sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "9000\n");
  File("/sys/fs/cgroup/memory/pod/memory.stat", "inactive_file 1\ntotal_inactive_file 2000\n");
  EXPECT_EQ(Read().used, 3000u);
  EXPECT_EQ(Read().limit, 9000u);
}

TEST_F(MachineTest, AGroupWithoutALimitIsNotOurs) {
  File("/proc/self/statm", "900 100 1 1 0 1 0\n");
  File("/proc/meminfo", "MemTotal: 2000 kB\n");
  File("/proc/self/cgroup", "0::/\n");
  File("/sys/fs/cgroup/memory.current", "999999\n");
  File("/sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(Read().used, 100u * 4096);
  EXPECT_EQ(Read().limit, 2000u * 1024);
}

TEST_F(MachineTest, WhatCannotBeReadHasNoLimit) {
  EXPECT_EQ(Read().limit, 0u);
}

TEST_F(MachineTest, ThisMachineHasMemoryAndADisk) {
  const MemoryUse memory = MemoryUseNow();
  EXPECT_GT(memory.used, 0u);
  EXPECT_GT(memory.limit, memory.used);
  const auto disk = DiskUseOf(folder_);
  ASSERT_TRUE(disk.ok());
  EXPECT_GE(disk->size, disk->available);
  EXPECT_EQ(DiskUseOf("/not/there").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace postern::observe
