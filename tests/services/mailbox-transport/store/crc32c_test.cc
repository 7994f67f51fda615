#include "services/mailbox-transport/store/crc32c.h"

#include "gtest/gtest.h"
#include <dlfcn.h>

#include "common/base/random.h"

namespace postern::store {
namespace {

TEST(Crc32cTest, KnownAnswers) {
  EXPECT_EQ(ExtendCrc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\0')), 0x8a9136aau);  // RFC 3720 B.4
  EXPECT_EQ(ExtendCrc32c(0, ""), 0u);
}

TEST(Crc32cTest, HardwareAndTableAgreeAtEveryLengthAndPlace) {
  base::SeededRandom random(1);
  std::string bytes;
  for (int i = 0; i < 5000; ++i)
    bytes.push_back(static_cast<char>(random.Next()));
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t length = 0; length < 280; ++length) {
      const std::string_view part = std::string_view(bytes).substr(begin, length);
      ASSERT_EQ(ExtendCrc32c(7, part), ExtendCrc32cByTable(7, part));
    }
  }
  // Those that are read in stripes.
  for (std::size_t length = 700; length < bytes.size(); length += 37) {
    const std::string_view part = std::string_view(bytes).substr(length % 8, length - 8);
    ASSERT_EQ(ExtendCrc32c(7, part), ExtendCrc32cByTable(7, part));
  }
}

TEST(Crc32cTest, PartsGiveTheSameAsTheWhole) {
  EXPECT_EQ(ExtendCrc32c(ExtendCrc32c(0, "1234"), "56789"), ExtendCrc32c(0, "123456789"));
}

TEST(Crc32cTest, RocksDbTakesOurs) {
  // The first definition in load order is the one that the library's calls reach.
  void* found = dlsym(RTLD_DEFAULT, "_ZN7rocksdb6crc32c6ExtendEjPKcm");
  Dl_info where{}, own{};
  ASSERT_NE(dladdr(found, &where), 0);
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&ExtendCrc32c), &own), 0);
  EXPECT_STREQ(where.dli_fname, own.dli_fname);
}

}  // namespace
}  // namespace postern::store
