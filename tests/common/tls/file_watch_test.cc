#include "common/tls/file_watch.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace postern::tls {
namespace {

TEST(FileWatchTest, AChangedStampIsTold) {
  std::atomic<int> state{0};
  std::atomic<int> told{0};
  const FileWatch watch([&] { return std::to_string(state); }, [&] { ++told; },
                        absl::Milliseconds(1));
  for (int change = 1; change <= 2; ++change) {
    state = change;
    for (int i = 0; i < 5000 && told < change; ++i)
      absl::SleepFor(absl::Milliseconds(1));
    EXPECT_EQ(told, change);
  }
}

TEST(FileWatchTest, AStampTellsAFileFromItsSuccessor) {
  namespace fs = std::filesystem;
  const fs::path file = fs::temp_directory_path() / ("stamp_" + std::to_string(getpid()));
  fs::remove(file);
  EXPECT_EQ(StampOf(file), "absent");
  std::ofstream(file) << "one";
  const std::string first = StampOf(file);
  EXPECT_EQ(StampOf(file), first);
  std::ofstream(file.string() + ".new") << "two";
  fs::rename(file.string() + ".new", file);
  EXPECT_NE(StampOf(file), first);
  fs::remove(file);
}

}  // namespace
}  // namespace postern::tls
