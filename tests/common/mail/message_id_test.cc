#include "common/mail/message_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::mail {
namespace {

TEST(NewMessageIdTest, IsAUuidAtTheHost) {
  base::SeededRandom random(1);
  const std::string id = NewMessageId("mail.test", random);
  EXPECT_THAT(id, testing::StartsWith("<"));
  EXPECT_THAT(id, testing::EndsWith("@mail.test>"));
  EXPECT_EQ(id.size(), 36 + std::string("<@mail.test>").size());
  EXPECT_NE(id, NewMessageId("mail.test", random));
}

}  // namespace
}  // namespace postern::mail
