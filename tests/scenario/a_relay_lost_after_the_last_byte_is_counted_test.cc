// No answer to a whole message: another server might make it a double, so none is asked, and the
// possible double is counted.

#include "gmock/gmock.h"

#include "tests/support/world/sites_world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class ARelayLostAfterTheLastByte : public SitesWorld {};

TEST_F(ARelayLostAfterTheLastByte, IsCountedAndRelayedAgain) {
  settings_.deliver.relay_timeout.value = absl::Seconds(1);
  SilentServer("mbx-1", "far");
  Link("main", "far", 10);
  Sources({"mbx-1"});
  StartAll();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(
      Soon([this] { return Metric("postern_deliver_ambiguous_total", "relay-lost") >= 1; }));
  EXPECT_EQ(Metric("postern_deliver_ambiguous_total"),
            Metric("postern_deliver_ambiguous_total", "relay-lost"));
  StartServer("mbx-1");
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(EmptyEverywhere());
}

}  // namespace
}  // namespace postern::testing
