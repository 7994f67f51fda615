#include "common/directory/disk_copy.h"

#include <filesystem>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "tests/common/directory/small_snapshot.h"

namespace postern::directory {
namespace {

using ::testing::HasSubstr;
using testing::WithServer;

class DiskCopyTest : public ::testing::Test {
 protected:
  ~DiskCopyTest() override {
    std::filesystem::remove(file_);
    std::filesystem::remove_all(folder_);
  }

  // What the write says; logs go straight to standard error here.
  static std::string LogOfWrite(DiskCopy& copy) {
    ::testing::internal::CaptureStderr();
    copy.Write();
    return ::testing::internal::GetCapturedStderr();
  }

  const std::string folder_ =
      ::testing::TempDir() + "postern-disk-copy-folder-" + std::to_string(getpid());
  const std::string file_ =
      ::testing::TempDir() + "postern-disk-copy-" + std::to_string(getpid()) + ".cache";
};

TEST_F(DiskCopyTest, TheLastOfThoseThatFollowOneAnotherIsWrittenOnce) {
  DiskCopy copy(file_, "the writer", absl::Minutes(1));
  EXPECT_EQ(copy.due(), absl::InfiniteFuture());
  copy.Keep(WithServer("mbx-0"));
  const absl::Time due = copy.due();
  EXPECT_GT(due, absl::Now());
  copy.Keep(WithServer("mbx-1"));
  EXPECT_EQ(copy.due(), due);
  EXPECT_FALSE(std::filesystem::exists(file_));
  copy.Write();
  EXPECT_EQ(copy.due(), absl::InfiniteFuture());
  const auto loaded = copy.Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_NE((*loaded)->FindServer("mbx-1"), nullptr);
}

TEST_F(DiskCopyTest, ACopyThatCouldNotBeWrittenIsWrittenLater) {
  const std::string file = folder_ + "/copy";
  DiskCopy copy(file, "the writer", absl::ZeroDuration());
  copy.Keep(WithServer("mbx-0"));
  EXPECT_THAT(LogOfWrite(copy), HasSubstr("the copy on disk cannot be written"));
  const absl::Time due = copy.due();
  EXPECT_GT(due, absl::Now());
  EXPECT_LT(due, absl::InfiniteFuture());
  copy.Keep(WithServer("mbx-1"));
  EXPECT_EQ(copy.due(), due) << "a new one is no reason to hurry";
  EXPECT_EQ(LogOfWrite(copy), "");
  std::filesystem::create_directory(folder_);
  copy.Write();
  EXPECT_EQ(copy.due(), absl::InfiniteFuture());
  const auto loaded = copy.Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_NE((*loaded)->FindServer("mbx-1"), nullptr);
  std::filesystem::remove_all(folder_);
  copy.Keep(WithServer("mbx-2"));
  EXPECT_THAT(LogOfWrite(copy), HasSubstr("cannot be written")) << "a new failure";
}

TEST_F(DiskCopyTest, WithoutAFileThereIsNoCopy) {
  DiskCopy copy("", "the writer", absl::ZeroDuration());
  EXPECT_EQ(copy.Load().status().message(), "directory.cache is not set");
  copy.Keep(WithServer("mbx-0"));
  copy.Write();
  EXPECT_EQ(copy.due(), absl::InfiniteFuture());
  EXPECT_FALSE(DiskCopy(file_, "the writer", absl::ZeroDuration()).Load().ok());
}

}  // namespace
}  // namespace postern::directory
