#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class OneRecipientRefused : public World {};

TEST_F(OneRecipientRefused, OthersDelivered) {
  Peer("first").Says("RCPT TO:<bad", "550 5.1.1 no such user");
  settings_.server.io_threads.value = 2;
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test", "bad@b.test", "eve@c.test"}), ElementsAre("250", "250", "250"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Delivered("other"));
  EXPECT_THAT(MailsOf("first").at(0).recipients, SizeIs(1));
  // The sender hears of the one that was refused, with the words of the remote.
  EXPECT_TRUE(Delivered("home"));
  EXPECT_THAT(MailsOf("home").at(0).content, HasSubstr("550 5.1.1 no such user"));
  EXPECT_THAT(MailsOf("home").at(0).content, HasSubstr("bad@b.test"));
  EXPECT_THAT(MailsOf("home").at(0).content, Not(HasSubstr("Final-Recipient: rfc822;bob@b.test")));
  EXPECT_TRUE(Empty());
}

TEST_F(OneRecipientRefused, OthersAreNotDeliveredAgainAfterARestart) {
  // Each attempt reads the message from the store, before the one before is written there.
  settings_.pipeline.body_memory.value = {0};
  settings_.queue.max_outbound_connections.value = 1;
  settings_.queue.max_per_domain_outbound_connections.value = 1;
  settings_.store.settle_delay_max.value = absl::Milliseconds(200);
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test", "eve@c.test"}), ElementsAre("250", "250"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Delivered("other"));
  Stop();
  Start();
  EXPECT_TRUE(Waiting(0));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Delivered("other"));
}

}  // namespace
}  // namespace postern::testing
