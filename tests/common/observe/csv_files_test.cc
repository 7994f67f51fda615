#include "common/observe/csv_files.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::observe {
namespace {

using ::testing::ElementsAre;

TEST(CsvFiles, ComeInTheOrderInWhichTheyWereBegun) {
  std::string pattern = (std::filesystem::temp_directory_path() / "postern-files-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  for (const char* name : {"LOG20260201-10.log", "LOG20260201-9.log", "LOG20260131-20.log",
                           "OTHER20260131-1.log", "LOG2026013-1.log", "LOG20260131-x.log"}) {
    std::ofstream(folder + "/" + name) << "four";
  }
  std::vector<std::string> names;
  for (const CsvFile& file : CsvFiles(folder, "LOG")) {
    names.push_back(file.name);
    EXPECT_EQ(file.bytes, 4u);
  }
  EXPECT_THAT(names, ElementsAre("LOG20260131-20.log", "LOG20260201-9.log", "LOG20260201-10.log"));
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(CsvFiles(folder, "LOG").empty());
}

TEST(CsvFiles, ANameThatCouldBeAnotherPathIsNone) {
  EXPECT_EQ(CsvFileNamed("LOG20260131-7.log", "LOG")->number, 7u);
  for (const char* name : {"", "LOG", "../LOG20260131-7.log", "LOG20260131-7.log/x",
                           "LOG20260131/7.log", "LOG20260131-../7.log"}) {
    EXPECT_FALSE(CsvFileNamed(name, "LOG")) << name;
  }
}

}  // namespace
}  // namespace postern::observe
