#include "common/base/printable.h"

#include <string>

#include "gtest/gtest.h"

namespace postern::base {
namespace {

TEST(PrintableBytesTest, EachByteAtEachPlaceEndsItOrNot) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = byte >= 0x20 && byte < 0x7f;
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = static_cast<char>(byte);
      EXPECT_EQ(PrintableBytes(text), printable ? 20 : at) << byte << " at " << at;
    }
  }
}

TEST(PrintableBytesTest, CharactersThatAreGivenEndItToo) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
    for (std::size_t size = 1; size < 20; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        const std::size_t printable = PrintableBytes<'"', '\\'>(text);
        ASSERT_EQ(printable, plain ? size : at) << byte << " at " << at << " of " << size;
      }
    }
  }
}

TEST(PrintableBytesTest, AnEmptyTextHasNone) {
  EXPECT_EQ(PrintableBytes(""), 0u);
}

}  // namespace
}  // namespace postern::base
