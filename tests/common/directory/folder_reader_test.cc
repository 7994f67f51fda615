#include "common/directory/folder_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <sys/stat.h>

#include "tests/common/directory/directory_folder.h"

namespace postern::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FolderReaderTest : public testing::DirectoryFolder {
 protected:
  FolderReaderTest() : reader_(root_) { std::filesystem::remove(root_ + "/servers.yaml"); }

  void WriteSite(const std::string& file, std::string_view name) {
    Write(file,
          base::Cat("apiVersion: postern.dev/v1\nkind: Site\nmetadata: {name: ", name, "}\n"));
  }

  std::vector<std::string> Names() {
    const auto reading = reader_.Read();
    EXPECT_TRUE(reading.ok()) << reading.status();
    std::vector<std::string> names;
    for (const CheckedPtr& checked : reading->manifests)
      names.push_back(MetadataOf(checked->manifest.object).name());
    return names;
  }

  FolderReader reader_;
};

TEST_F(FolderReaderTest, WhatDoesNotChangeIsReadOnce) {
  WriteSite("a.yaml", "a");
  WriteSite("b.yaml", "b");
  const CheckedPtr first = reader_.Read()->manifests.front();
  // Until its time is old enough to be trusted a file is read again.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  CheckedPtr before = first;
  CheckedPtr now = reader_.Read()->manifests.front();
  while (now != before && std::chrono::steady_clock::now() < end)
    before = std::exchange(now, reader_.Read()->manifests.front());
  EXPECT_EQ(now, before);
  WriteSite("b.yaml", "c");
  EXPECT_EQ(reader_.Read()->manifests.front(), now) << "a.yaml is as it was";
  EXPECT_THAT(Names(), ElementsAre("a", "c"));
}

TEST_F(FolderReaderTest, AChangeWithinATickIsSeen) {
  for (int i = 0; i < 50; ++i) {
    const std::string name = base::Cat("s", i % 2);
    WriteSite("a.yaml", name);
    EXPECT_THAT(Names(), ElementsAre(name)) << i;
  }
}

TEST_F(FolderReaderTest, WhatIsGoneIsForgotten) {
  WriteSite("a.yaml", "a");
  WriteSite("b.yaml", "b");
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  std::filesystem::remove(root_ + "/a.yaml");
  EXPECT_THAT(Names(), ElementsAre("b"));
  WriteSite("a.yaml", "again");
  EXPECT_THAT(Names(), ElementsAre("again", "b"));
}

TEST_F(FolderReaderTest, FindingsOfATextStayWithIt) {
  Write("bad.yaml", "x: [");
  WriteSite("good.yaml", "good");
  for (int i = 0; i < 3; ++i) {
    const auto reading = reader_.Read();
    ASSERT_EQ(reading->errors.size(), 1u);
    EXPECT_EQ(reading->errors.front().file, "bad.yaml");
    EXPECT_EQ(reading->manifests.size(), 1u);
  }
}

TEST_F(FolderReaderTest, AnErrorOfReadingAFileMayPassAndOneOfItsTextDoesNot) {
  Write("bad.yaml", "x: [");
  Write("large.yaml", std::string(kManifestBytesMax + 1, '#'));
  EXPECT_FALSE(reader_.Read()->unread);
  // A regular file that is there, and whose first byte nobody can read.
  std::filesystem::create_symlink("/proc/self/mem", root_ + "/mem.yaml");
  const auto reading = reader_.Read();
  ASSERT_TRUE(reading.ok()) << reading.status();
  ASSERT_EQ(reading->errors.size(), 3u);
  EXPECT_THAT(reading->errors.back().ToString(), HasSubstr("Input/output error"));
  EXPECT_TRUE(reading->unread);
}

TEST_F(FolderReaderTest, AReadingLastsUnlessItMissedSomething) {
  constexpr std::int64_t kNow = 1'000'000'000'000;
  const auto changed = [](std::int64_t ns) {
    FolderState look;
    look.files.push_back({.path = "a.yaml", .changed_ns = ns});
    return look;
  };
  const FolderState old = changed(1);
  FolderState unreadable;
  unreadable.error = "open folder x: Too many open files";
  FolderReader::Reading good;
  FolderReader::Reading bad_text;
  bad_text.errors.push_back({"a.yaml", 1, "is no manifest"});
  FolderReader::Reading unread = bad_text;
  unread.unread = true;
  const absl::Status gone = absl::NotFoundError("read x/b.yaml: No such file or directory");

  const struct {
    const char* fact;
    absl::StatusOr<FolderReader::Reading> reading;
    FolderState look;
    bool lasts;
  } rows[] = {
      {"what was read of an old folder", good, old, true},
      {"a finding of a text", bad_text, old, true},
      {"a change within the grain", good, changed(kNow - 1), false},
      {"a clock that was set back", good, changed(3 * kNow), true},
      {"a file that could not be read", unread, old, false},
      {"a file that went away between two looks", gone, old, false},
      {"a folder that changed all the time", absl::UnavailableError("changes"), old, false},
      {"a folder that still cannot be read", gone, unreadable, true},
  };

  for (const auto& row : rows)
    EXPECT_EQ(Lasts(row.reading, row.look, kNow), row.lasts) << row.fact;
}

TEST_F(FolderReaderTest, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(FolderReader(root_ + "/none").Read().status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FolderReaderTest, AManifestIsCheckedByItsOwnRules) {
  Write("a.yaml", "apiVersion: postern.dev/v1\nkind: Site\nmetadata: {name: UPPER}\n");
  const CheckedPtr checked = reader_.Read()->manifests.front();
  ASSERT_EQ(checked->findings.size(), 1u);
  EXPECT_EQ(checked->findings.front().path, "metadata.name");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(checked->typed));
}

}  // namespace
}  // namespace postern::directory
