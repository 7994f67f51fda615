#include "common/base/rendezvous.h"

#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace postern::base {
namespace {

std::string OwnerOf(const std::string& key, const std::vector<std::string>& all) {
  std::string owner;
  std::uint64_t most = 0;
  for (const std::string& who : all) {
    const std::uint64_t weight = RendezvousWeight(who, key);
    if (owner.empty() || weight > most) {
      owner = who;
      most = weight;
    }
  }
  return owner;
}

TEST(RendezvousTest, KeysAreSharedEvenly) {
  std::map<std::string, int> keys;
  for (int i = 0; i < 3000; ++i)
    ++keys[OwnerOf(std::to_string(1'900'000'000'000 + i), {"mbx-0", "mbx-1", "mbx-2"})];
  for (const auto& [who, count] : keys)
    EXPECT_NEAR(count, 1000, 120) << who;
}

TEST(RendezvousTest, OnlyTheKeysOfTheOneThatGoesMove) {
  for (int i = 0; i < 500; ++i) {
    const std::string key = std::to_string(i);
    const std::string owner = OwnerOf(key, {"a", "b", "c"});
    if (owner == "b") continue;
    EXPECT_EQ(OwnerOf(key, {"a", "c"}), owner);
  }
}

TEST(RendezvousTest, WhereTheNameEndsMatters) {
  EXPECT_NE(RendezvousWeight("ab", "c"), RendezvousWeight("a", "bc"));
}

}  // namespace
}  // namespace postern::base
