#include "common/tls/digest.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::tls {
namespace {

TEST(DigestTest, PiecesGiveTheSha256OfTheWhole) {
  Sha256 digest;
  digest.Update("a");
  digest.Update("bc");
  EXPECT_EQ(base::LowerAscii(base::Hex(digest.Finish())),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace postern::tls
