#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class StopDuringData : public World {
 protected:
  void StopWhileThePeerIsSilent() {
    settings_.server.stop_grace.value = absl::Milliseconds(50);
    Peer("first").Stalls("DATA", 1);
    Start();
    EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
    EXPECT_TRUE(Soon([this] { return Heard("first", "DATA") == 1; }));
    Stop();
  }
};

TEST_F(StopDuringData, LosesNothing) {
  Connector();
  StopWhileThePeerIsSilent();
  EXPECT_TRUE(MailsOf("first").empty());

  Start();
  EXPECT_TRUE(Delivered("first"));
  EXPECT_EQ(Metric("postern_deliver_ambiguous_total"), 0) << "the attempt was settled at the stop";
  EXPECT_TRUE(Empty());
}

TEST_F(StopDuringData, LosesNothingBehindAFrontEnd) {
  FrontEnd();
  Connector({"frontendProxyEnabled: true"});
  StopWhileThePeerIsSilent();

  Start();
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Empty());
}

TEST_F(StopDuringData, WithinItsGraceFinishes) {
  settings_.server.stop_grace.value = absl::Seconds(5);
  Connector();
  Start();
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(Submit({"bob@b.test", "eve@c.test"}), ElementsAre("250", "250"));
  Stop();
  Start();
  EXPECT_TRUE(Delivered("first", 20));
  EXPECT_TRUE(Delivered("other", 20));
  EXPECT_TRUE(Empty());
}

}  // namespace
}  // namespace postern::testing
