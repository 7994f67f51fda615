#include "common/directory/synced_file.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"

namespace postern::directory {
namespace {

using ::testing::HasSubstr;

class SyncedFileTest : public ::testing::Test {
 protected:
  SyncedFileTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "postern-synced-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }

  ~SyncedFileTest() override { std::filesystem::remove_all(root_); }

  std::string At(std::string_view name) const { return base::Cat(root_, "/", name); }

  std::string Read(std::string_view name) const {
    std::ifstream in(At(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string root_;
};

TEST_F(SyncedFileTest, TheNewTextTakesThePlaceOfTheOld) {
  ASSERT_TRUE(ReplaceFile(At("a"), At("a.new"), "one", 0600).ok());
  ASSERT_TRUE(ReplaceFile(At("a"), At("a.new"), "two", 0600).ok());
  EXPECT_EQ(Read("a"), "two");
  EXPECT_FALSE(std::filesystem::exists(At("a.new")));
}

TEST_F(SyncedFileTest, AFullDiskIsSaidAndLeavesTheOldFile) {
  ASSERT_TRUE(ReplaceFile(At("a"), At("a.new"), "one", 0600).ok());
  std::filesystem::create_symlink("/dev/full", At("a.new"));
  const absl::Status status = ReplaceFile(At("a"), At("a.new"), "two", 0600);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("a.new: No space left on device"));
  EXPECT_EQ(Read("a"), "one");
  EXPECT_FALSE(std::filesystem::is_symlink(At("a.new")));
}

TEST_F(SyncedFileTest, AFolderThatIsMissingIsNotFound) {
  EXPECT_EQ(ReplaceFile(At("none/a"), At("none/a.new"), "one", 0600).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(SyncFolderOf(At("none/a")).code(), absl::StatusCode::kNotFound);
}

TEST_F(SyncedFileTest, WhoCannotHaveTheLockIsToldSoInTime) {
  auto first = FileLock::Take(At("lock"), absl::Seconds(1));
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = FileLock::Take(At("lock"), absl::Milliseconds(20));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another process holds it"));
}

TEST_F(SyncedFileTest, TheNextHasTheLockOnceItIsFree) {
  auto held = std::make_unique<FileLock>(*FileLock::Take(At("lock"), absl::Seconds(1)));
  bool taken = false;
  std::thread next([&] { taken = FileLock::Take(At("lock"), absl::Seconds(20)).ok(); });
  held.reset();
  next.join();
  EXPECT_TRUE(taken);
}

TEST_F(SyncedFileTest, ALockThatMovedIsHeldOnce) {
  auto first = FileLock::Take(At("lock"), absl::Seconds(1));
  ASSERT_TRUE(first.ok());
  {
    const FileLock moved(*std::move(first));
    EXPECT_FALSE(FileLock::Take(At("lock"), absl::ZeroDuration()).ok());
  }
  EXPECT_TRUE(FileLock::Take(At("lock"), absl::ZeroDuration()).ok());
}

}  // namespace
}  // namespace postern::directory
