#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class FrontEndGone : public World {
 protected:
  FrontEndGone() {
    settings_.deliver.proxy_slot_wait.value = absl::Milliseconds(50);
    FrontEnd();
    Connector({"frontendProxyEnabled: true"});
  }
};

TEST_F(FrontEndGone, MailWaits) {
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first"));
  StopFrontEnd();

  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Soon([this] { return Metric("postern_queue_held_total") >= 1; }));
  EXPECT_TRUE(Waiting(1));
  EXPECT_TRUE(Delivered("first", 1)) << "never direct instead";

  FrontEnd();
  EXPECT_TRUE(Delivered("first", 2));
  EXPECT_TRUE(Empty());
}

TEST_F(FrontEndGone, WhileItDelivers) {
  Peer("first").Stalls(".", 1);
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Soon([this] { return Heard("first", "DATA") == 1; }));
  front_end_settings_.server.stop_grace.value = absl::Milliseconds(1);
  StopFrontEnd();
  EXPECT_TRUE(Soon([this] { return Metric("postern_deliver_ambiguous_total") == 1; }));
  FrontEnd();
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Empty());
}

TEST_F(FrontEndGone, FromTheDirectory) {
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first"));
  Connector();  // direct from now on
  EXPECT_TRUE(Soon([this] {
    Submit({"eve@c.test"});
    return Metric("postern_deliver_attempts_total", "way=\"direct\"") >= 1;
  }));
  EXPECT_TRUE(Empty());
}

}  // namespace
}  // namespace postern::testing
