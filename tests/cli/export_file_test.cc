#include "cli/export_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

class ExportFileTest : public ::testing::Test {
 protected:
  ExportFileTest() {
    folder_ = std::filesystem::path(::testing::TempDir()) / "postern-export";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    service_.exported = {"Subject: x\r\n\r\n", "hello\r\n"};
    service_.export_size = 21;
  }

  ~ExportFileTest() override { std::filesystem::remove_all(folder_); }

  int Export(const std::string& path) {
    shell_.out.str("");
    shell_.err.str("");
    return shell_.Run({"Export-Message", "mbx-0\\3\\17", "-Path", path, "--insecure-plaintext",
                       "--server", service_.address()});
  }

  static std::string Content(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }

  std::size_t Files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_;
  FakeService service_;
  StringShell shell_;
};

TEST_F(ExportFileTest, AFolderGetsAFileNamedByTheNumber) {
  ASSERT_EQ(Export(folder_.string()), 0) << shell_.err.str();
  EXPECT_EQ(service_.identity, "mbx-0\\3\\17");
  EXPECT_EQ(Content(folder_ / "17.eml"), "Subject: x\r\n\r\nhello\r\n");
  EXPECT_THAT(shell_.out.str(), HasSubstr("17.eml: 21 bytes\n"));
}

TEST_F(ExportFileTest, AFileThatIsThereIsNotReplaced) {
  std::ofstream(folder_ / "mine.eml") << "mine";
  EXPECT_EQ(Export((folder_ / "mine.eml").string()), 1);
  EXPECT_THAT(shell_.err.str(), HasSubstr("the file is there already"));
  EXPECT_EQ(Content(folder_ / "mine.eml"), "mine");
}

TEST_F(ExportFileTest, ALinkInItsWayIsNotFollowedAndTheFileIsForItsUserAlone) {
  std::ofstream(folder_ / "theirs") << "theirs";
  std::filesystem::create_symlink(folder_ / "theirs", folder_ / "x.eml.part");
  EXPECT_EQ(Export((folder_ / "x.eml").string()), 1);
  EXPECT_THAT(shell_.err.str(), HasSubstr("x.eml.part: the file is there already: remove it"));
  EXPECT_EQ(Content(folder_ / "theirs"), "theirs");
  ASSERT_EQ(Export((folder_ / "y.eml").string()), 0) << shell_.err.str();
  EXPECT_EQ(std::filesystem::status(folder_ / "y.eml").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(ExportFileTest, HalfAMessageLeavesNoFile) {
  service_.export_size = 22;
  EXPECT_EQ(Export((folder_ / "half.eml").string()), 1);
  EXPECT_THAT(shell_.err.str(), HasSubstr("the content ended after 21 of 22 bytes"));
  EXPECT_EQ(Files(), 0u);
}

TEST_F(ExportFileTest, StandardOutputGetsTheContentAlone) {
  ASSERT_EQ(Export("-"), 0);
  EXPECT_EQ(shell_.out.str(), "Subject: x\r\n\r\nhello\r\n");
}

TEST_F(ExportFileTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_EQ(Export((folder_ / "no" / "x.eml").string()), 1);
  EXPECT_THAT(shell_.err.str(), HasSubstr("it cannot be written"));
}

}  // namespace
}  // namespace postern::cli
