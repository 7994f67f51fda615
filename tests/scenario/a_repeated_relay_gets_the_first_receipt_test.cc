// The server that relays dies before it has noted the receipt: it relays again, and the other
// knows.

#include "gmock/gmock.h"

#include "tests/support/world/sites_world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class ARepeatedRelay : public SitesWorld {
 protected:
  ARepeatedRelay() {
    Server("mbx-1", "far").store.settle_delay_max.value = absl::Milliseconds(1);
    Link("main", "far", 10);
    Sources({"mbx-1"});
    // What mbx-0 settles is not written before the crash.
    settings_.store.settle_delay_max.value = absl::Seconds(10);
  }

  // Relays it, crashes, and relays it again.
  void RelaysTwice() {
    StartAll();
    EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
    EXPECT_TRUE(Soon([this] {
      return Metric("postern_deliver_recipients_total", "result=\"delivered\"") == 1;
    }));
    settings_.store.settle_delay_max.value = absl::Milliseconds(1);
    Crash();
    EXPECT_EQ(Metric("postern_deliver_ambiguous_total", "restart"), 1);
    EXPECT_TRUE(Soon([this] { return MetricOf("mbx-1", "postern_accept_relayed_total") == 2; }));
    EXPECT_TRUE(Empty());
  }
};

TEST_F(ARepeatedRelay, GetsTheFirstReceipt) {
  RelaysTwice();
  EXPECT_TRUE(EmptyEverywhere());
  EXPECT_TRUE(Delivered("first")) << "once";
}

TEST_F(ARepeatedRelay, GetsItAlsoWhileTheFirstWaits) {
  Peer("first").Says("MAIL FROM", "451 4.3.0 not yet");
  Peer("second").Says("MAIL FROM", "451 4.3.0 not yet");
  RelaysTwice();
  EXPECT_EQ(MetricOf("mbx-1", "postern_queue_messages"), 1);
}

}  // namespace
}  // namespace postern::testing
