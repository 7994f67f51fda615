#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ExpiredMessage : public World {};

TEST_F(ExpiredMessage, IsReturned) {
  Peer("first").Says("MAIL FROM", "451 4.3.0 try later");
  Peer("second").Says("MAIL FROM", "451 4.3.0 try later");
  settings_.queue.message_expiration_timeout.value = absl::Milliseconds(300);
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("home"));
  const TakenMail notice = MailsOf("home").at(0);
  EXPECT_THAT(notice.sender, HasSubstr("<>"));
  EXPECT_THAT(notice.recipients, ElementsAre(HasSubstr("<ann@a.test>")));
  EXPECT_THAT(notice.content, HasSubstr("4.4.7"));
  EXPECT_THAT(notice.content, HasSubstr("try later"));
  EXPECT_TRUE(MailsOf("first").empty());
  EXPECT_TRUE(Empty());
}

TEST_F(ExpiredMessage, IsToldOfWhenItIsLateBefore) {
  Peer("first").Says("MAIL FROM", "451 4.3.0 try later", 2);
  Peer("second").Says("MAIL FROM", "451 4.3.0 try later", 2);
  settings_.queue.message_retry_interval.value = absl::Milliseconds(300);
  settings_.queue.delay_notification_timeout.value = absl::Milliseconds(100);
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("home"));
  EXPECT_THAT(MailsOf("home").at(0).content, HasSubstr("Action: delayed"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Empty());
  EXPECT_TRUE(Delivered("home")) << "the notice is given once";
}

}  // namespace
}  // namespace postern::testing
