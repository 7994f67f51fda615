#include "services/mailbox-transport/app/certificate_watch.h"

#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include <gtest/gtest.h>

namespace postern::app {
namespace {

class CertificateWatchTest : public ::testing::Test {
 protected:
  CertificateWatchTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("certificate_watch_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    Write("certificate", "one");
    Write("key", "one");
  }

  ~CertificateWatchTest() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name) const { return folder_ / name; }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(File(name)) << text;
  }

  bool BecomesAtLeast(int count) {
    for (int i = 0; i < 500 && changes_ < count; ++i)
      absl::SleepFor(absl::Milliseconds(10));
    return changes_ >= count;
  }

  std::filesystem::path folder_;
  std::atomic<int> changes_{0};
  absl::Status answer_;
};

TEST_F(CertificateWatchTest, AChangeIsSeenAndAFailureIsTriedAtTheNextOne) {
  answer_ = absl::InvalidArgumentError("no certificate");
  CertificateWatch watch(
      File("certificate"), File("key"),
      [this] {
        ++changes_;
        return answer_;
      },
      absl::Milliseconds(5));
  EXPECT_EQ(changes_, 0);
  Write("certificate", "second");
  EXPECT_TRUE(BecomesAtLeast(1));
  Write("key", "second and longer");
  EXPECT_TRUE(BecomesAtLeast(2));
  EXPECT_EQ(watch.expires_unix_seconds(), 0);
}

TEST_F(CertificateWatchTest, WithoutAFileNothingIsWatched) {
  const CertificateWatch watch("", "", [this] {
    ++changes_;
    return absl::OkStatus();
  });
  EXPECT_EQ(watch.expires_unix_seconds(), 0);
}

}  // namespace
}  // namespace postern::app
