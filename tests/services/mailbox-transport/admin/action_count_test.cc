#include "services/mailbox-transport/admin/action_count.h"

#include "gtest/gtest.h"

namespace postern::admin {
namespace {

TEST(ActionCount, EachIsCountedOnce) {
  v1::ActionResponse response;
  Count({true, ""}, "a", true, false, response);
  Count({false, ""}, "b", true, false, response);
  Count({false, "no"}, "c", true, false, response);
  Count({false, "no"}, "d", false, false, response);
  Count({false, "nor this"}, "e", false, false, response);
  EXPECT_EQ(response.changed(), 1u);
  EXPECT_EQ(response.unchanged(), 3u);
  EXPECT_EQ(response.refused(), 2u);
  EXPECT_EQ(response.refusal().identity(), "d");
  EXPECT_EQ(response.refusal().reason(), "no");
  EXPECT_EQ(response.failed(), 1u);
  EXPECT_EQ(response.failures(0).identity(), "c");
  EXPECT_EQ(response.failures(0).reason(), "no");
  EXPECT_EQ(response.identities_size(), 0);
}

TEST(ActionCount, NamesAreBounded) {
  v1::ActionResponse response;
  for (int i = 0; i < 2 * kNamedMax; ++i) {
    Count({true, ""}, "a", true, true, response);
    Count({false, "no"}, "b", true, true, response);
  }
  EXPECT_EQ(response.identities_size(), kNamedMax);
  EXPECT_EQ(response.failures_size(), kFailuresMax);
  EXPECT_EQ(response.changed(), 2u * kNamedMax);
}

}  // namespace
}  // namespace postern::admin
