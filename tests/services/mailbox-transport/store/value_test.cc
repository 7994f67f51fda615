#include "services/mailbox-transport/store/value.h"

#include "gtest/gtest.h"

namespace postern::store {
namespace {

TEST(ValueTest, PayloadComesBack) {
  EXPECT_EQ(*OpenValue("key", MakeValue("key", "payload")), "payload");
  EXPECT_EQ(*OpenValue("key", MakeValue("key", "")), "");
}

TEST(ValueTest, EveryFlippedBitIsFound) {
  const std::string value = MakeValue("key", "payload");
  for (std::size_t at = 0; at < value.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = value;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_EQ(OpenValue("key", damaged).status().code(), absl::StatusCode::kDataLoss);
    }
  }
}

TEST(ValueTest, OtherKeyIsFound) {
  EXPECT_FALSE(OpenValue("kez", MakeValue("key", "payload")).ok());
  EXPECT_FALSE(OpenValue("ke", MakeValue("key", "payload")).ok());
}

TEST(ValueTest, EveryCutIsFound) {
  const std::string value = MakeValue("key", "payload");
  for (std::size_t length = 0; length < value.size(); ++length)
    EXPECT_FALSE(OpenValue("key", std::string_view(value).substr(0, length)).ok());
}

TEST(ValueTest, ChunkKeysAreInTheOrderOfNumbers) {
  const base::MessageId id{0x0102030405060708};
  EXPECT_LT(ChunkKey(id, 255), ChunkKey(id, 256));
  EXPECT_LT(ChunkKey(id, 0xffffffff), ChunkKey(base::MessageId{id.value + 1}, 0));
}

}  // namespace
}  // namespace postern::store
