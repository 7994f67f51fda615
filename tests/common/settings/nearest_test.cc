#include "common/settings/nearest.h"

#include "gtest/gtest.h"

namespace postern::settings {
namespace {

TEST(NearestTest, ATypingMistakeIsNearAndAnotherNameIsNot) {
  const std::vector<std::string_view> names = {"store.path", "directory.path", "queue.interval"};
  EXPECT_EQ(Nearest("store.paht", names), "store.path");
  EXPECT_EQ(Nearest("store_path", names), "store.path");
  EXPECT_EQ(Nearest("directory.pat", names), "directory.path");
  EXPECT_EQ(Nearest("queue.intervall", names), "queue.interval");
  EXPECT_EQ(Nearest("egress.slots", names), "");
  EXPECT_EQ(Nearest("path", names), "");
  EXPECT_EQ(Nearest("", names), "");
  EXPECT_EQ(Nearest("store.path", {}), "");
  EXPECT_EQ(Nearest(std::string(100'000, 'x'), names), "");
}

}  // namespace
}  // namespace postern::settings
