#include "common/tls/keyed_digest.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::tls {
namespace {

std::string Shown(std::string_view bytes) {
  return base::LowerAscii(base::Hex(bytes));
}

// RFC 2202 §2, case 2.
TEST(KeyedDigestTest, HmacMd5IsThatOfTheRfc) {
  EXPECT_EQ(Shown(HmacMd5("Jefe", "what do ya want for nothing?").value()),
            "750c783e6ab0b503eaa86e310a5db738");
}

// RFC 4231 §4.3, and §4.8 with a key longer than a block.
TEST(KeyedDigestTest, HmacSha256IsThatOfTheRfc) {
  EXPECT_EQ(Shown(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Shown(HmacSha256(std::string(131, '\xaa'),
                             "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// RFC 7914 §11, its first 32 bytes.
TEST(KeyedDigestTest, Pbkdf2IsThatOfTheRfc) {
  EXPECT_EQ(Shown(Pbkdf2Sha256("passwd", "salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
  EXPECT_EQ(Shown(Pbkdf2Sha256("Password", "NaCl", 80000)),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
}

TEST(KeyedDigestTest, BytesAreTheSameOrNot) {
  EXPECT_TRUE(SameBytes("", ""));
  EXPECT_TRUE(SameBytes("abc", "abc"));
  EXPECT_FALSE(SameBytes("abc", "abd"));
  EXPECT_FALSE(SameBytes("abc", "ab"));
}

}  // namespace
}  // namespace postern::tls
