#include "common/directory/folder.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

namespace postern::directory {
namespace {

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "postern-folder-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }

  ~FolderTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + "/" + name).parent_path());
    std::ofstream(root_ + "/" + name, std::ios::trunc) << text;
  }

  std::vector<std::string> Paths() {
    std::vector<std::string> paths;
    const FolderState state = *Look(root_);
    for (const FileState& file : state.files)
      paths.push_back(file.path);
    return paths;
  }

  std::string root_;
};

TEST_F(FolderTest, SeesManifestsInTheOrderOfTheirPaths) {
  for (const char* name : {"b.yaml", "a.yml", "c/d.yaml", "e.txt", ".f.yaml", "..g/h.yaml"}) {
    Write(name, "x");
  }
  EXPECT_THAT(Paths(), ::testing::ElementsAre("a.yml", "b.yaml", "c/d.yaml"));
}

TEST_F(FolderTest, MoreFilesThanTheLimitAreRefused) {
  for (const char* name : {"a.yaml", "b.yaml", "c/d.yaml", "e.txt"})
    Write(name, "x");
  EXPECT_TRUE(Look(root_, 3).ok());
  const absl::Status refused = Look(root_, 2).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("holds more than 2 files"));
}

TEST_F(FolderTest, EveryChangeMakesAnotherState) {
  Write("a.yaml", "one");
  const FolderState first = *Look(root_);
  EXPECT_EQ(*Look(root_), first);
  Write("a.yaml", "three");
  const FolderState second = *Look(root_);
  EXPECT_NE(second, first);
  Write("b.yaml", "");
  EXPECT_NE(*Look(root_), second);
  EXPECT_GE(Look(root_)->newest_ns(), first.newest_ns());
}

TEST_F(FolderTest, AFileReplacedByRenameIsAnotherState) {
  Write("a.yaml", "one");
  const FolderState first = *Look(root_);
  Write("a.new", "two");
  std::filesystem::rename(root_ + "/a.new", root_ + "/a.yaml");
  EXPECT_NE(*Look(root_), first);
}

TEST_F(FolderTest, ReadsTheWholeOfAFile) {
  const std::string text(200'000, 'x');
  Write("a.yaml", text);
  EXPECT_EQ(*ReadFileText(root_ + "/a.yaml", text.size()), text);
  EXPECT_FALSE(ReadFileText(root_ + "/a.yaml", text.size() - 1).ok());
  EXPECT_FALSE(ReadFileText(root_, 10).ok());
  EXPECT_EQ(ReadFileText(root_ + "/none", 10).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FolderTest, AFileIsNoFolder) {
  Write("a.yaml", "");
  EXPECT_FALSE(Look(root_ + "/a.yaml").ok());
}

}  // namespace
}  // namespace postern::directory
