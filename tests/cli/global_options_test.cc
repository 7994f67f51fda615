#include "cli/global_options.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(GlobalOptions, StandAnywhereAndLeaveTheVerbsWords) {
  GlobalOptions options;
  const auto rest =
      TakeGlobalOptions({"--server", "mbx:1", "Get-Queue", "--output=yaml", "contoso.com",
                         "--Insecure-Plaintext", "--size", "30MB", "-Name", "--", "x=y"},
                        options);
  ASSERT_TRUE(rest.ok());
  EXPECT_THAT(*rest,
              ElementsAre("Get-Queue", "contoso.com", "--size", "30MB", "-Name", "--", "x=y"));
  EXPECT_EQ(options.server, "mbx:1");
  EXPECT_EQ(*OutputOf(options), Output::kYaml);
  EXPECT_TRUE(ConnectionFor(options, false)->insecure_plaintext);
}

TEST(GlobalOptions, TheLineIsStrongerThanTheEnvironment) {
  setenv("POSTERN_SERVER", "mbx-1:7172", 1);
  GlobalOptions said;
  ASSERT_TRUE(TakeGlobalOptions({"--server", "said:1"}, said).ok());
  EXPECT_EQ(said.server, "said:1");
  GlobalOptions silent;
  ASSERT_TRUE(TakeGlobalOptions({}, silent).ok());
  unsetenv("POSTERN_SERVER");
  EXPECT_EQ(ConnectionFor(silent, false)->address, "mbx-1:7172");
}

TEST(GlobalOptions, SubmissionHasItsPortAndItsTime) {
  GlobalOptions options;
  EXPECT_EQ(ConnectionFor(options, true)->address, "127.0.0.1:7171");
  EXPECT_EQ(ConnectionFor(options, true)->timeout, absl::Minutes(10));
  options.timeout = "5s";
  EXPECT_EQ(ConnectionFor(options, true)->timeout, absl::Seconds(5));
}

TEST(GlobalOptions, WrongValuesAreNamed) {
  GlobalOptions options;
  EXPECT_THAT(std::string(TakeGlobalOptions({"--server"}, options).status().message()),
              HasSubstr("--server: a value follows"));
  options.timeout = "soon";
  EXPECT_THAT(std::string(ConnectionFor(options, false).status().message()),
              HasSubstr("--timeout soon"));
  options.insecure_plaintext = "perhaps";
  EXPECT_THAT(std::string(ConnectionFor(options, false).status().message()),
              HasSubstr("--insecure-plaintext perhaps"));
  options.output = "xml";
  EXPECT_THAT(std::string(OutputOf(options).status().message()),
              HasSubstr("--output xml: is table, json or yaml"));
}

}  // namespace
}  // namespace postern::cli
