#include "common/settings/loader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct DemoSettings {
  Setting<absl::Duration> connect_timeout{.key = "deliver.connect_timeout",
                                          .fallback = absl::Seconds(30),
                                          .min = absl::Seconds(1),
                                          .max = absl::Minutes(5),
                                          .reloads = true,
                                          .about = "How long a host may take."};
  Setting<int> sessions_max{.key = "deliver.sessions_max", .fallback = 20, .min = 1, .max = 1000};
  Setting<std::string> hello{.key = "deliver.hello", .fallback = "a|b"};
  Setting<std::string> password{.key = "accept.password", .fallback = "hunter2", .secret = true};
  Setting<std::vector<std::string>> listeners{.key = "accept.listeners"};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(connect_timeout);
    visit(sessions_max);
    visit(hello);
    visit(password);
    visit(listeners);
  }
};

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() { loader_.Add(settings_); }

  ~LoaderTest() override {
    ::unsetenv("POSTERN_DELIVER_SESSIONS_MAX");
    std::filesystem::remove(path_);
  }

  void File(std::string_view text) { std::ofstream(path_) << text; }

  void Environment(const char* text) { ::setenv("POSTERN_DELIVER_SESSIONS_MAX", text, 1); }

  // The errors, the file as "F"; "" when it loads.
  std::string Load(const std::vector<std::string>& overrides = {}) {
    const bool file = std::filesystem::exists(path_);
    std::string out(base::MessageOf(loader_.Load(file ? path_ : "", overrides)));
    for (std::size_t at; (at = out.find(path_)) != std::string::npos;) {
      out.replace(at, path_.size(), "F");
    }
    return out;
  }

  std::string path_ = base::Cat(::testing::TempDir(), "postern_loader_test_", ::getpid(), ".yaml");
  DemoSettings settings_;
  Loader loader_;
};

TEST_F(LoaderTest, NothingGivenIsTheFallback) {
  settings_.sessions_max.value = 3;
  EXPECT_EQ(Load(), "");
  EXPECT_EQ(*settings_.sessions_max, 20);
}

TEST_F(LoaderTest, FlagsBeatTheEnvironmentWhichBeatsTheFile) {
  File("deliver: {sessions_max: 1, connect_timeout: 1s}\n");
  EXPECT_EQ(Load(), "");
  EXPECT_EQ(*settings_.sessions_max, 1);
  Environment("2");
  EXPECT_EQ(Load(), "");
  EXPECT_EQ(*settings_.sessions_max, 2);
  EXPECT_EQ(Load({"deliver.sessions_max=3", "deliver.sessions_max=4"}), "");
  EXPECT_EQ(*settings_.sessions_max, 4);
  EXPECT_EQ(*settings_.connect_timeout, absl::Seconds(1));
}

TEST_F(LoaderTest, ListsComeFromEverySource) {
  File("accept.listeners: [{name: relay, port: 2525}, plain]\n");
  EXPECT_EQ(Load(), "");
  EXPECT_THAT(*settings_.listeners, ElementsAre("name=relay port=2525", "plain"));
  EXPECT_EQ(Load({"accept.listeners=name=a port=1;name=b"}), "");
  EXPECT_THAT(*settings_.listeners, ElementsAre("name=a port=1", "name=b"));
}

TEST_F(LoaderTest, EveryErrorIsNamedWithItsPlace) {
  File("deliver:\n  connect_timeout: 5x\n  sessions_max: [1]\naccept:\n  pasword: x\n");
  Environment("0");
  EXPECT_THAT(
      base::Split(Load({"deliver.hello", "deliver.helo=x"}), '\n'),
      ElementsAre(HasSubstr("deliver.connect_timeout: \"5x\" is not a time span"),
                  "deliver.sessions_max: is a number, not a list (F:3)",
                  "unknown setting \"accept.pasword\", the nearest known one is "
                  "\"accept.password\" (F:5)",
                  "deliver.sessions_max: \"0\" is out of bounds: 1 to 1000 "
                  "(POSTERN_DELIVER_SESSIONS_MAX)",
                  "\"deliver.hello\": write key=value (--set)",
                  "unknown setting \"deliver.helo\", the nearest known one is \"deliver.hello\" "
                  "(--set)"));
}

TEST_F(LoaderTest, ASectionIsNoSettingAndAFarNameIsNotTold) {
  File("deliver: soon\negress: {slots: 5}\n");
  EXPECT_THAT(base::Split(Load(), '\n'),
              ElementsAre("\"deliver\" is a section: write its settings under it (F:1)",
                          "unknown setting \"egress.slots\" (F:2)"));
}

TEST_F(LoaderTest, AVariableThatIsNoSettingIsAWarning) {
  setenv("POSTERN_DELIVER_CONECT_TIMEOUT", "1s", 1);
  EXPECT_EQ(Load(), "");
  EXPECT_THAT(loader_.Warnings(),
              ElementsAre("variable POSTERN_DELIVER_CONECT_TIMEOUT is no setting, the nearest "
                          "known one is POSTERN_DELIVER_CONNECT_TIMEOUT"));
  unsetenv("POSTERN_DELIVER_CONECT_TIMEOUT");
  EXPECT_THAT(loader_.Warnings(), ::testing::IsEmpty());
}

TEST_F(LoaderTest, AFailureChangesNothing) {
  settings_.sessions_max.value = 7;
  File("deliver: {sessions_max: 8, connect_timeout: soon}\n");
  EXPECT_NE(Load(), "");
  EXPECT_EQ(*settings_.sessions_max, 7);
}

TEST_F(LoaderTest, OneKeyGivenTwiceIsAnError) {
  File("deliver:\n  sessions_max: 1\ndeliver.sessions_max: 2\n");
  EXPECT_EQ(Load(), "deliver.sessions_max: given twice, first at F:2 (F:3)");
}

TEST_F(LoaderTest, AFileThatIsNotThereIsAnError) {
  EXPECT_THAT(base::MessageOf(loader_.Load("/nowhere.yaml", {})),
              HasSubstr("cannot open the file"));
}

TEST_F(LoaderTest, WhatIsPrintedLoadsAgain) {
  ASSERT_EQ(Load({"deliver.hello=a \"b\" \\ : # c", "accept.listeners=name=a;b",
                  "deliver.connect_timeout=1500ms"}),
            "");
  const std::string printed = loader_.Print();
  File(printed);
  ASSERT_EQ(Load(), "") << printed;
  EXPECT_EQ(*settings_.hello, "a \"b\" \\ : # c");
  EXPECT_EQ(*settings_.connect_timeout, absl::Milliseconds(1500));
  EXPECT_EQ(loader_.Print(), printed);
}

TEST_F(LoaderTest, SecretsAreNeverPrinted) {
  ASSERT_EQ(Load({"accept.password=xyzzy"}), "");
  EXPECT_THAT(loader_.Print(), HasSubstr("accept.password: (secret)"));
  for (const std::string& text : {loader_.Print(), loader_.Markdown()}) {
    EXPECT_EQ(text.find("xyzzy"), std::string::npos);
    EXPECT_EQ(text.find("hunter2"), std::string::npos);
  }
}

TEST_F(LoaderTest, TheManualHasOneRowASetting) {
  const std::string manual = loader_.Markdown();
  EXPECT_THAT(manual,
              HasSubstr("| `deliver.connect_timeout` | time span | `00:00:30` | 00:00:01 to "
                        "00:05:00 | yes | How long a host may take. |\n"));
  EXPECT_THAT(manual, HasSubstr("| `a\\|b` |"));
}

TEST_F(LoaderTest, TheSameKeyTwiceIsABug) {
  EXPECT_DEATH(loader_.Add(settings_), "Find");
}

}  // namespace
}  // namespace postern::settings
