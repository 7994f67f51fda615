#include "gmock/gmock.h"

#include "tests/support/world/sites_world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class SourceServersShareTheLoad : public SitesWorld {};

TEST_F(SourceServersShareTheLoad, AndReplaceOneAnother) {
  Server("mbx-1", "far");
  Server("mbx-2", "far");
  Link("main", "far", 10);
  Sources({"site/far"});
  StartAll();
  for (int i = 0; i < 40; ++i)
    EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first", 40));
  EXPECT_TRUE(EmptyEverywhere());
  const double one = MetricOf("mbx-1", "postern_accept_relayed_total");
  const double two = MetricOf("mbx-2", "postern_accept_relayed_total");
  EXPECT_GE(one, 5);
  EXPECT_GE(two, 5);
  EXPECT_EQ(one + two, 40);

  StopServer("mbx-1");
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("first", 60)) << "what would have gone to the other goes here";
  EXPECT_EQ(MetricOf("mbx-2", "postern_accept_relayed_total"), two + 20);
  EXPECT_EQ(Metric("postern_deliver_ambiguous_total"), 0);
  EXPECT_TRUE(EmptyEverywhere());
}

}  // namespace
}  // namespace postern::testing
