#include "common/directory/audit_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"

namespace postern::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AuditFileTest : public ::testing::Test {
 protected:
  AuditFileTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "postern-audit-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }

  ~AuditFileTest() override { std::filesystem::remove_all(root_); }

  std::string File() const { return root_ + "/.audit.log"; }

  static v1::AuditLine LineFor(const std::string& name) {
    v1::AuditLine line;
    line.set_name(name);
    line.set_outcome("done");
    return line;
  }

  // The name in the last line of a file of the audit, "none" without one.
  static std::string NameInLast(const AuditFile& audit) {
    const auto last = audit.Last();
    EXPECT_TRUE(last.ok()) << last.status();
    return last.ok() && *last ? (*last)->name() : "none";
  }

  std::string Text(const std::string& file) const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // "name,name" of each file, the newest first.
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (int i = 0; i < 100; ++i) {
      const std::string file = i == 0 ? File() : base::Cat(File(), ".", i);
      if (!std::filesystem::exists(file)) continue;
      std::string names;
      std::istringstream lines(Text(file));
      for (std::string line; std::getline(lines, line);) {
        const auto at = line.find("\"name\":\"") + 8;
        names += base::Cat(names.empty() ? "" : ",", line.substr(at, line.find('"', at) - at));
      }
      files.push_back(names);
    }
    return files;
  }

  std::string root_;
};

TEST_F(AuditFileTest, EachLineIsAJsonObject) {
  AuditFile audit(File(), 1 << 20, 3);
  v1::AuditLine line = LineFor("internet");
  line.set_who("spiffe://x/y/z");
  line.mutable_after()->mutable_site()->mutable_spec()->set_comment("two\nlines");
  ASSERT_TRUE(audit.Append(line).ok());
  EXPECT_EQ(Text(File()),
            "{\"who\":\"spiffe://x/y/z\",\"name\":\"internet\",\"outcome\":\"done\",\"after\":{"
            "\"site\":{\"spec\":{\"comment\":\"two\\nlines\"}}}}\n");
  EXPECT_EQ(NameInLast(audit), "internet");
}

TEST_F(AuditFileTest, WithoutAFileThereIsNoLine) {
  EXPECT_EQ(NameInLast(AuditFile(File(), 1 << 20, 3)), "none");
}

TEST_F(AuditFileTest, AFullFileGivesWayAndTheOldestGoes) {
  AuditFile audit(File(), 80, 3);
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"})
    ASSERT_TRUE(audit.Append(LineFor(name)).ok());
  EXPECT_THAT(Files(), ElementsAre("g,h", "e,f", "c,d"));
  EXPECT_EQ(NameInLast(audit), "h");
}

TEST_F(AuditFileTest, OneFileStartsAnew) {
  AuditFile audit(File(), 40, 1);
  for (const char* name : {"a", "b"})
    ASSERT_TRUE(audit.Append(LineFor(name)).ok());
  EXPECT_THAT(Files(), ElementsAre("b"));
}

TEST_F(AuditFileTest, TheLastLineIsFoundInTheFileBefore) {
  AuditFile audit(File(), 1 << 20, 3);
  ASSERT_TRUE(audit.Append(LineFor("a")).ok());
  std::filesystem::rename(File(), File() + ".1");
  EXPECT_EQ(NameInLast(audit), "a");
}

TEST_F(AuditFileTest, WhatALossOfPowerLeftOfALineIsCutOff) {
  AuditFile audit(File(), 1 << 20, 3);
  ASSERT_TRUE(audit.Append(LineFor("a")).ok());
  std::ofstream(File(), std::ios::app) << "{\"name\":\"tor";
  EXPECT_EQ(NameInLast(audit), "a");
  ASSERT_TRUE(audit.Append(LineFor("b")).ok());
  EXPECT_THAT(Files(), ElementsAre("a,b"));
  std::ofstream(File(), std::ios::trunc) << "{\"name\":\"tor";
  ASSERT_TRUE(audit.Append(LineFor("c")).ok());
  EXPECT_THAT(Files(), ElementsAre("c"));
}

TEST_F(AuditFileTest, ALineThatIsNotJsonIsNone) {
  AuditFile audit(File(), 1 << 20, 3);
  std::ofstream(File()) << "someone wrote here\n";
  EXPECT_EQ(NameInLast(audit), "none");
}

TEST_F(AuditFileTest, AFullDiskIsSaid) {
  std::filesystem::create_symlink("/dev/full", File());
  AuditFile audit(File(), 1 << 20, 3);
  const absl::Status status = audit.Append(LineFor("a"));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("No space left on device"));
}

TEST_F(AuditFileTest, KnowsWhetherSomebodyElseWrote) {
  AuditFile ours(File(), 1 << 20, 3);
  AuditFile theirs(File(), 1 << 20, 3);
  EXPECT_FALSE(ours.untouched()) << "nothing is known yet";
  ASSERT_TRUE(ours.Append(LineFor("a")).ok());
  EXPECT_TRUE(ours.untouched());
  ASSERT_TRUE(theirs.Append(LineFor("b")).ok());
  EXPECT_FALSE(ours.untouched());
}

}  // namespace
}  // namespace postern::directory
