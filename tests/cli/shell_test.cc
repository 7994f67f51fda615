#include "cli/shell.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "postern/v1/admin.pb.h"
#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

TEST(Shell, JsonHasEveryFieldEvenWhenItIsEmpty) {
  v1::TestRouteResponse response;
  response.set_connector("Int\"ernet");
  StringShell strings;
  Shell shell = strings.shell();
  ASSERT_TRUE(PrintJson(response, shell).ok());
  EXPECT_THAT(strings.out.str(), HasSubstr("\"connector\": \"Int\\\"ernet\""));
  EXPECT_THAT(strings.out.str(), HasSubstr("\"frontendProxy\": false"));
  EXPECT_THAT(strings.out.str(), HasSubstr("\"candidates\": []"));
}

TEST(Shell, OnlyListsOfMistakesHaveLines) {
  StringShell strings;
  Shell shell = strings.shell();
  PrintFailure(absl::InvalidArgumentError("one\ntwo"), "x: ", shell);
  PrintFailure(absl::NotFoundError("one\ntwo"), "x: ", shell);
  EXPECT_EQ(strings.err.str(), "x: one\nx: two\nx: one two\n");
}

TEST(Shell, DataIsJsonOrYaml) {
  v1::TestRouteResponse response;
  response.set_connector("Internet");
  StringShell strings;
  Shell shell = strings.shell(Output::kYaml);
  ASSERT_TRUE(PrintData(response, shell).ok());
  EXPECT_EQ(strings.out.str(), "connector: Internet\n");
}

}  // namespace
}  // namespace postern::cli
