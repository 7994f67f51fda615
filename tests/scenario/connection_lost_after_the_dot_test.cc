// Delivery may happen twice, never zero times: no answer to the final dot is a retry, and counted.

#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class ConnectionLostAfterTheDot : public World {};

TEST_F(ConnectionLostAfterTheDot, IsCountedAndDeliveredAgain) {
  Peer("first").DropsAfter(".", 1);
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_EQ(Metric("postern_deliver_ambiguous_total", "connection-lost"), 1);
  EXPECT_EQ(ConnectionsOf("second"), 0);
  EXPECT_TRUE(Empty());
}

TEST_F(ConnectionLostAfterTheDot, IsCountedBehindAFrontEndToo) {
  Peer("first").DropsAfter(".", 1);
  FrontEnd();
  Connector({"frontendProxyEnabled: true"});
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first"));
  EXPECT_EQ(Metric("postern_deliver_ambiguous_total"), 1);
  EXPECT_EQ(FrontEndMetric("postern_egress_ambiguous_total"), 1);
  EXPECT_TRUE(Empty());
}

}  // namespace
}  // namespace postern::testing
