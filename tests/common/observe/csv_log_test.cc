#include "common/observe/csv_log.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/support/fake_clock.h"

namespace postern::observe {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CsvLogTest : public ::testing::Test {
 protected:
  CsvLogTest() {
    std::string pattern = (fs::temp_directory_path() / "postern-csv-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    options_.folder = folder_ + "/logs";
    options_.prefix = "SEND";
    options_.log_type = "SMTP Send Protocol Log";
    options_.fields = "date-time,data";
  }

  ~CsvLogTest() override {
    log_.reset();
    fs::remove_all(folder_);
  }

  void Open() {
    log_.reset();
    auto opened = CsvLog::Open(options_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }

  void Write(const std::string& line) {
    log_->Write(line);
    log_->Flush();
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(options_.folder))
      names.push_back(file.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string Text(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(options_.folder + "/" + name).rdbuf();
    return text.str();
  }

  std::string folder_;
  CsvLogOptions options_;
  testing::FakeClock clock_{
      absl::FromCivil(absl::CivilSecond(2026, 1, 31, 23, 50, 0), absl::UTCTimeZone())};
  std::shared_ptr<CsvLog> log_;
};

TEST_F(CsvLogTest, AFileBeginsAsExchangesDo) {
  Open();
  Write("first");
  Write("second");
  ASSERT_THAT(Names(), ElementsAre("SEND20260131-1.log"));
  const std::string text = Text("SEND20260131-1.log");
  EXPECT_TRUE(text.starts_with("#Software: Postern\n#Version: ")) << text;
  EXPECT_TRUE(
      text.ends_with("\n#Log-Type: SMTP Send Protocol Log\n"
                     "#Date: 2026-01-31T23:50:00.000Z\n#Fields: date-time,data\n"
                     "first\nsecond\n"))
      << text;
}

TEST_F(CsvLogTest, EachDayAndEachStartHasAFileOfItsOwn) {
  Open();
  Write("a");
  Open();
  Write("b");
  clock_.Advance(absl::Minutes(20));
  Write("c");
  EXPECT_THAT(Names(),
              ElementsAre("SEND20260131-1.log", "SEND20260131-2.log", "SEND20260201-1.log"));
  EXPECT_THAT(Text("SEND20260201-1.log"), HasSubstr("\nc\n"));
}

TEST_F(CsvLogTest, AFileEndsBeforeItIsTooLarge) {
  options_.file_bytes_max = 400;
  Open();
  const std::string line(100, 'x');
  for (int i = 0; i < 7; ++i)
    log_->Write(line);
  log_->Flush();
  std::size_t lines = 0;
  for (const std::string& name : Names()) {
    EXPECT_LE(Text(name).size(), 400u) << name;
    const std::string text = Text(name);
    lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) - 5;
  }
  EXPECT_EQ(lines, 7u);
  Write(std::string(1000, 'y'));
  EXPECT_THAT(Text(Names().back()), HasSubstr(std::string(1000, 'y') + "\n"));
  EXPECT_EQ(log_->lines_lost(), 0u);
}

TEST_F(CsvLogTest, TheOldestGoWhenTheFolderIsFull) {
  options_.file_bytes_max = 300;
  options_.directory_bytes_max = 900;
  Open();
  std::ofstream(options_.folder + "/SEND-other.log") << std::string(5000, 'z');
  std::ofstream(options_.folder + "/RECV20200101-1.log") << std::string(5000, 'z');
  for (int i = 0; i < 12; ++i)
    Write(base::Cat(i, std::string(140, 'x')));
  std::uint64_t bytes = 0;
  for (const std::string& name : Names()) {
    if (name.starts_with("SEND2026")) bytes += Text(name).size();
  }
  EXPECT_LE(bytes, 900u);
  EXPECT_THAT(Names(), Not(::testing::Contains("SEND20260131-1.log")));
  EXPECT_THAT(Names(), ::testing::IsSupersetOf({"SEND-other.log", "RECV20200101-1.log"}));
}

TEST_F(CsvLogTest, WhatIsTooOldGoesUnlessNoAgeIs) {
  options_.age_max = absl::ZeroDuration();
  Open();
  Write("a");
  const fs::path file = options_.folder + "/SEND20260131-1.log";
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(48));
  Open();
  EXPECT_THAT(Names(), ElementsAre("SEND20260131-1.log"));
  options_.age_max = absl::Hours(47);
  Open();
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(CsvLogTest, LinesThatCannotBeWrittenAreCountedAndLaterOnesAreNot) {
  Open();
  fs::remove_all(options_.folder);
  std::ofstream(options_.folder) << "no folder";
  Write("lost");
  EXPECT_EQ(log_->lines_lost(), 1u);
  fs::remove(options_.folder);
  Write("there");
  EXPECT_THAT(Text("SEND20260131-1.log"), HasSubstr("\nthere\n"));
  EXPECT_EQ(log_->lines_lost(), 1u);
}

TEST_F(CsvLogTest, AFolderThatCannotBeIsNamed) {
  std::ofstream(folder_ + "/file") << "x";
  options_.folder = folder_ + "/file/logs";
  const auto opened = CsvLog::Open(options_, clock_);
  EXPECT_TRUE(absl::IsUnavailable(opened.status()));
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr(options_.folder));
}

TEST(CsvTest, ValuesAreQuotedWhereTheyNeedIt) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},
      {"plain text", "plain text"},
      {"a,b", "\"a,b\""},
      {"say \"yes\"", "\"say \"\"yes\"\"\""},
      {"a\r\nb\tc", "a??b?c"},
      {"j\xc3\xb6rg", "j\xc3\xb6rg"},
  };
  for (const auto& [value, written] : rows) {
    std::string line;
    AppendCsv(line, value);
    EXPECT_EQ(line, written);
  }
}

TEST_F(CsvLogTest, AFileThatIsRemovedOrMovedIsFollowedByAnother) {
  Open();
  Write("1");
  const std::string first = Names().at(0);
  fs::rename(options_.folder, folder_ + "/old");
  Write("2");
  ASSERT_THAT(Names(), ElementsAre(first)) << "in a new folder";
  EXPECT_THAT(Text(first), AllOf(HasSubstr("\n2\n"), Not(HasSubstr("\n1\n"))));
  fs::remove(options_.folder + "/" + first);
  Write("3");
  EXPECT_THAT(Text(Names().at(0)), HasSubstr("\n3\n"));
  EXPECT_EQ(log_->lines_lost(), 0u);
}

}  // namespace
}  // namespace postern::observe
