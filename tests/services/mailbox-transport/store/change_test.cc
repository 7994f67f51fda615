#include "services/mailbox-transport/store/change.h"

#include "gtest/gtest.h"

#include "services/mailbox-transport/store/value.h"

namespace postern::store {
namespace {

TEST(ChangeTest, HeadAndPayloadTogetherAreTheValue) {
  const Change change = Change::Put(Family::kMessage, "key", "payload");
  EXPECT_EQ(change.payload(), "payload");
  EXPECT_EQ(change.head + std::string(change.payload()), MakeValue("key", "payload"));
}

TEST(ChangeTest, APartOfABodyIsNotCopied) {
  const auto body = std::make_shared<const std::string>("0123456789");
  const Change change = Change::PutPart(Family::kBody, "key", body, 2, 5);
  EXPECT_EQ(change.payload(), "23456");
  EXPECT_EQ(change.payload().data(), body->data() + 2);
  EXPECT_EQ(change.head + std::string(change.payload()), MakeValue("key", "23456"));
}

TEST(ChangeTest, ItsBytesAreThoseOfKeyAndValueAndAFewMore) {
  const Change put = Change::Put(Family::kMessage, "key", "payload");
  EXPECT_EQ(put.bytes(), 3 + kValueHeadBytes + 7 + 16);
  EXPECT_EQ(Change::Delete(Family::kMessage, "key").bytes(), 3 + 16U);
}

}  // namespace
}  // namespace postern::store
