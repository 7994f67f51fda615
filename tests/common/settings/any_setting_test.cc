#include "common/settings/any_setting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct AnySettingTest : ::testing::Test {
  Setting<absl::Duration> wait{.key = "deliver.wait",
                               .fallback = absl::Seconds(30),
                               .min = absl::Seconds(1),
                               .max = absl::Minutes(5),
                               .about = "How long."};
  Setting<int> sessions{.key = "sessions", .fallback = 20, .min = 1, .max = 1000};
  Setting<std::int64_t> big{.key = "big", .fallback = -1};
  Setting<bool> on{.key = "on", .fallback = true};
  Setting<std::string> name{.key = "name", .fallback = "mail"};
  Setting<Size> size{.key = "size", .fallback = {25 << 20}};
  Setting<std::vector<std::string>> list{.key = "list", .fallback = {"a", "b"}};

  template <typename T>
  std::string Set(Setting<T>& setting, std::string_view text) {
    return std::string(base::MessageOf(AnySettingOf(setting).set(text)));
  }
};

TEST_F(AnySettingTest, EveryTypeReadsItsText) {
  EXPECT_EQ(Set(wait, "00:01:00"), "");
  EXPECT_EQ(Set(sessions, " 7 "), "");
  EXPECT_EQ(Set(big, "-9223372036854775808"), "");
  EXPECT_EQ(Set(on, "No"), "");
  EXPECT_EQ(Set(name, " as it is "), "");
  EXPECT_EQ(Set(size, "1 kb"), "");
  EXPECT_EQ(Set(list, "x; y ;;z;"), "");
  EXPECT_EQ(*wait, absl::Minutes(1));
  EXPECT_EQ(*sessions, 7);
  EXPECT_EQ(*big, INT64_MIN);
  EXPECT_FALSE(*on);
  EXPECT_EQ(*name, " as it is ");
  EXPECT_EQ(size->bytes, 1024u);
  EXPECT_THAT(*list, ElementsAre("x", "y", "z"));
}

TEST_F(AnySettingTest, AWrongTextNamesTheValueAndTheRuleAndChangesNothing) {
  EXPECT_THAT(Set(wait, "5x"), HasSubstr("\"5x\" is not a time span"));
  EXPECT_THAT(Set(sessions, "seven"), HasSubstr("\"seven\" is not a whole number"));
  EXPECT_THAT(Set(sessions, "7.5"), HasSubstr("is not a whole number"));
  EXPECT_THAT(Set(sessions, ""), HasSubstr("is not a whole number"));
  EXPECT_THAT(Set(sessions, "99999999999"), HasSubstr("is too large a number"));
  EXPECT_THAT(Set(on, "maybe"), HasSubstr("\"maybe\" is not yes or no"));
  EXPECT_THAT(Set(size, "25 MiB"), HasSubstr("is not a size"));
  EXPECT_EQ(*wait, absl::Seconds(30));
  EXPECT_EQ(*sessions, 20);
  EXPECT_TRUE(*on);
}

TEST_F(AnySettingTest, BoundsAreInclusiveAndNamed) {
  EXPECT_EQ(Set(sessions, "1"), "");
  EXPECT_EQ(Set(sessions, "1000"), "");
  EXPECT_EQ(Set(sessions, "1001"), "\"1001\" is out of bounds: 1 to 1000");
  EXPECT_EQ(Set(wait, "0s"), "\"0s\" is out of bounds: 00:00:01 to 00:05:00");
}

TEST_F(AnySettingTest, PartsOfAListAreKeptAsTheyAre) {
  ASSERT_TRUE(AnySettingOf(list).set_list({"name=relay port=2525", "x;y"}).ok());
  EXPECT_THAT(*list, ElementsAre("name=relay port=2525", "x;y"));
}

TEST_F(AnySettingTest, AListTooLongIsRefused) {
  const std::vector<std::string> parts(1001, "x");
  EXPECT_THAT(base::MessageOf(AnySettingOf(list).set_list(parts)), HasSubstr("at most 1000"));
}

TEST_F(AnySettingTest, AnEmptyTextIsAnEmptyList) {
  EXPECT_EQ(Set(list, ""), "");
  EXPECT_THAT(*list, IsEmpty());
}

TEST_F(AnySettingTest, SavedValueComesBack) {
  sessions.value = 5;
  const auto put_back = AnySettingOf(sessions).save();
  AnySettingOf(sessions).reset();
  EXPECT_EQ(*sessions, 20);
  put_back();
  EXPECT_EQ(*sessions, 5);
}

TEST_F(AnySettingTest, FactsAreText) {
  const AnySetting any = AnySettingOf(wait);
  EXPECT_EQ(any.type, "time span");
  EXPECT_EQ(any.fallback, "00:00:30");
  EXPECT_EQ(any.bounds, "00:00:01 to 00:05:00");
  EXPECT_EQ(AnySettingOf(list).fallback, "a; b");
  EXPECT_EQ(AnySettingOf(name).bounds, "");
}

TEST_F(AnySettingTest, AFallbackOutsideItsBoundsIsABug) {
  sessions.fallback = 0;
  EXPECT_DEATH(AnySettingOf(sessions), "fallback");
}

TEST(VariableForTest, DotsAndDashesBecomeUnderscores) {
  EXPECT_EQ(VariableFor("deliver.connect_timeout"), "POSTERN_DELIVER_CONNECT_TIMEOUT");
  EXPECT_EQ(VariableFor("a-b.c"), "POSTERN_A_B_C");
}

}  // namespace
}  // namespace postern::settings
