// tests/support/state_table.h
//
// StateTable: rows of a test as a page of the documentation: the page and the test are one table.
//
// Flow      StateTable page("dane-states", "DANE", "words above the table", {"columns"...});
//           Row({...}) for each row that was tested. With POSTERN_TABLES=folder the page is written
//           to <folder>/<name>.md when the test ends; without it nothing is written.
// See       tools/docs

#pragma once

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace postern::testing {

class StateTable {
 public:
  StateTable(std::string name,
             const std::string& title,
             const std::string& words,
             const std::vector<std::string>& columns)
      : name_(std::move(name)) {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    text_ = "# " + title + "\n\nWritten by `tools/docs` from the rows of the test `" +
            test.test_suite_name() + "." + test.name() + "` in\n`" + Relative(test.file()) +
            "`: each row is run there.\n\n" + words + "\n\n";
    Row(columns);
    text_ += "|";
    for (std::size_t i = 0; i < columns.size(); ++i)
      text_ += "---|";
    text_ += "\n";
  }

  StateTable(const StateTable&) = delete;
  StateTable& operator=(const StateTable&) = delete;

  ~StateTable() {
    const char* const folder = std::getenv("POSTERN_TABLES");
    if (folder == nullptr) return;
    std::ofstream page(std::string(folder) + "/" + name_ + ".md");
    page << text_;
    EXPECT_TRUE(page.good()) << name_;
  }

  void Row(const std::vector<std::string>& cells) {
    text_ += "|";
    for (const std::string& cell : cells)
      text_ += " " + cell + " |";
    text_ += "\n";
  }

 private:
  static std::string Relative(const std::string& file) {
    const std::size_t at = file.rfind("/tests/");
    return at == std::string::npos ? file : file.substr(at + 1);
  }

  const std::string name_;
  std::string text_;
};

}  // namespace postern::testing
