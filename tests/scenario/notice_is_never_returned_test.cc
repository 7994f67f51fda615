#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class Notice : public World {};

TEST_F(Notice, IsNeverReturned) {
  Peer("first").Says("RCPT TO:", "550 5.1.1 no such user");
  Peer("home").Says("RCPT TO:", "550 5.1.1 nor here");
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Soon([this] { return Metric("postern_settle_double_bounce_total") == 1; }));
  EXPECT_TRUE(Empty());
  EXPECT_EQ(Metric("postern_settle_dsn_total"), 1);
  EXPECT_EQ(Heard("home", "RCPT"), 1);
}

TEST_F(Notice, IsNotMadeForTheNullSender) {
  Peer("first").Says("RCPT TO:", "550 5.1.1 no such user");
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}, "Subject: x\r\n\r\nx\r\n", ""), ElementsAre("250"));
  EXPECT_TRUE(Soon([this] { return Metric("postern_settle_double_bounce_total") == 1; }));
  EXPECT_TRUE(Empty());
  EXPECT_EQ(Metric("postern_settle_dsn_total"), 0);
}

}  // namespace
}  // namespace postern::testing
