#include "common/connector/content_hash.h"

#include "gtest/gtest.h"

#include "postern/v1/resources.pb.h"

namespace postern::connector {
namespace {

TEST(ContentHashTest, IsTheBeginningOfSha256) {
  EXPECT_EQ(ContentHash(std::string_view("abc")), "ba7816bf8f01cfea");
}

TEST(ContentHashTest, EqualMessagesHaveEqualHashes) {
  v1::Site a;
  a.mutable_metadata()->set_name("main");
  v1::Site b = a;
  EXPECT_EQ(ContentHash(a), ContentHash(b));
  b.mutable_metadata()->set_name("other");
  EXPECT_NE(ContentHash(a), ContentHash(b));
}

}  // namespace
}  // namespace postern::connector
