#include "common/settings/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::settings {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

CommandLine Parse(std::vector<std::string> words) {
  std::vector<char*> arguments{const_cast<char*>("mailbox-transport")};
  for (std::string& word : words)
    arguments.push_back(word.data());
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(), "About.",
                          "mailbox-transport 0.1.0");
}

TEST(CommandLineTest, SettingsComeAsAFileAndAsWords) {
  const CommandLine line = Parse({"--settings", "a.yaml", "--set", "b.c=1", "--set", "d=e=f g;h"});
  EXPECT_EQ(line.settings_file, "a.yaml");
  EXPECT_THAT(line.overrides, ElementsAre("b.c=1", "d=e=f g;h"));
  EXPECT_FALSE(line.exit_code.has_value());
}

TEST(CommandLineTest, NothingIsPrintedUnlessItIsAskedFor) {
  EXPECT_EQ(Parse({}).print, CommandLine::Print::kNothing);
  EXPECT_EQ(Parse({"--print-settings"}).print, CommandLine::Print::kSettings);
  EXPECT_EQ(Parse({"--print-settings-markdown"}).print, CommandLine::Print::kSettingsMarkdown);
  EXPECT_EQ(Parse({"--print-metrics-markdown"}).print, CommandLine::Print::kMetricsMarkdown);
  EXPECT_TRUE(Parse({"--check"}).check);
}

TEST(CommandLineTest, AWrongFlagIsNamedAndEndsWithTwo) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Parse({"--nonsense"}).exit_code, 2);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("--nonsense"));
}

TEST(CommandLineTest, VersionIsPrintedAlone) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Parse({"--version"}).exit_code, 0);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "mailbox-transport 0.1.0\n");
}

TEST(CommandLineTest, AskingForHelpEndsWithZero) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Parse({"--help"}).exit_code, 0);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(),
              AllOf(HasSubstr("About."), HasSubstr("--version")));
}

}  // namespace
}  // namespace postern::settings
