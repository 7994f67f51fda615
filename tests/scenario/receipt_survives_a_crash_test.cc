// The receipt follows the sync: what was answered with 250 is delivered after a kill.

#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class ReceiptSurvivesACrash : public World {};

TEST_F(ReceiptSurvivesACrash, AndIsDeliveredByTheNextLife) {
  Peer("first").Says("MAIL FROM", "451 4.3.0 not yet", 1);
  Peer("second").Says("MAIL FROM", "451 4.3.0 not yet", 1);
  settings_.queue.message_retry_interval.value = absl::Seconds(3);
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  // The receipt's batch and the verdict's: the next life finds a message that waits.
  EXPECT_TRUE(Soon([this] { return Metric("postern_store_commits_total") == 2; }));
  Crash();
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Empty());
}

TEST_F(ReceiptSurvivesACrash, WhileAnAttemptIsUnderWay) {
  Connector();
  Peer("first").Stalls("MAIL FROM", 1);
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Soon([this] { return Heard("first", "MAIL") == 1; }));
  Crash();
  EXPECT_TRUE(Delivered("first"));
  EXPECT_EQ(Metric("postern_deliver_ambiguous_total", "restart"), 1);
  EXPECT_TRUE(Empty());
}

}  // namespace
}  // namespace postern::testing
