#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class Greylisted : public World {};

TEST_F(Greylisted, ThenAccepted) {
  Peer("first").Says("RCPT TO:", "450 4.7.1 greylisted", 1);
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_EQ(Heard("first", "RCPT"), 2);
  EXPECT_EQ(Metric("postern_settle_verdicts_total", "retry"), 1);
  EXPECT_EQ(Metric("postern_settle_dsn_total"), 0);
  EXPECT_TRUE(Empty());
}

}  // namespace
}  // namespace postern::testing
