#include "common/dns/mx_set.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::dns {
namespace {

std::vector<MxRecord> Many(int count) {
  std::vector<MxRecord> records;
  for (int i = 0; i < count; ++i)
    records.push_back({10, base::Cat("mx", i, ".provider.example.net")});
  return records;
}

TEST(MxSetTest, TheOrderOfTheAnswerDoesNotMatter) {
  EXPECT_EQ(MxSetName({{20, "b.test"}, {10, "c.test"}, {10, "a.test"}}),
            "10 a.test, 10 c.test, 20 b.test");
  EXPECT_EQ(MxSetName({{10, "a.test"}, {20, "b.test"}, {10, "c.test"}}),
            "10 a.test, 10 c.test, 20 b.test");
}

TEST(MxSetTest, PreferencesAreOfIt) {
  EXPECT_NE(MxSetName({{10, "a.test"}, {20, "b.test"}}),
            MxSetName({{10, "a.test"}, {10, "b.test"}}));
}

TEST(MxSetTest, ARecordThatIsThereTwiceCountsOnce) {
  EXPECT_EQ(MxSetName({{10, "a.test"}, {10, "a.test"}}), "10 a.test");
}

TEST(MxSetTest, WithoutExchangersThereIsNoName) {
  EXPECT_EQ(MxSetName({}), "");
  EXPECT_EQ(MxSetName({{0, ""}}), "");
}

TEST(MxSetTest, ALongListIsCutAndItsHashTellsItApart) {
  std::vector<MxRecord> other = Many(50);
  other.back().host = "elsewhere.test";
  const std::string name = MxSetName(Many(50));
  EXPECT_EQ(name.size(), kMxSetNameMax);
  EXPECT_NE(name, MxSetName(other));
  EXPECT_EQ(name, MxSetName(Many(50)));
}

}  // namespace
}  // namespace postern::dns
