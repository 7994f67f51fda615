#include "cli/field_view.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kUsualFields[] = {"Identity", "Size"};
const std::vector<Fields> kTwoRows = {{{"Identity", "a"}, {"Subject", "x"}, {"Size", "7"}},
                                      {{"Identity", "b"}, {"Subject", "y"}, {"Size", "1234"}}};

std::string ShownBy(const View& view) {
  StringShell shell;
  Shell to = shell.shell();
  const absl::Status printed = PrintRows(kTwoRows, kUsualFields, view, to);
  return printed.ok() ? shell.out.str() : std::string(printed.message());
}

TEST(FieldView, TableShowsTheUsualOnesWithNumbersOnTheRight) {
  EXPECT_EQ(ShownBy({}),
            "Identity Size\n"
            "-------- ----\n"
            "a           7\n"
            "b        1234\n");
}

TEST(FieldView, ListShowsAll) {
  EXPECT_EQ(ShownBy({.form = View::Form::kList}),
            "Identity : a\nSubject  : x\nSize     : 7\n\nIdentity : b\nSubject  : y\n"
            "Size     : 1234\n");
}

TEST(FieldView, PropertiesAreChosenByPattern) {
  EXPECT_THAT(ShownBy({.properties = {"S*"}}), HasSubstr("Subject Size\n"));
  EXPECT_THAT(ShownBy({.properties = {"Colour"}}), HasSubstr("\"Colour\" is not a property"));
}

}  // namespace
}  // namespace postern::cli
