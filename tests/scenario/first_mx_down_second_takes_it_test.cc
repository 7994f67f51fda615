#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FirstMxDown : public World {};

TEST_F(FirstMxDown, SecondTakesIt) {
  Peer("first").DropsAfter("greeting");
  Connector();
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("second"));
  EXPECT_THAT(MailsOf("second").at(0).content, HasSubstr("\r\n\r\nhello\r\n"));
  EXPECT_EQ(ConnectionsOf("first"), 1);
  EXPECT_TRUE(Empty());
}

TEST_F(FirstMxDown, SecondTakesItFromTheFrontEndToo) {
  Peer("first").DropsAfter("greeting");
  FrontEnd();
  Connector({"frontendProxyEnabled: true"});
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Delivered("second"));
  EXPECT_EQ(ConnectionsOf("first"), 1);
  EXPECT_TRUE(Empty());
  EXPECT_EQ(Metric("postern_deliver_recipients_total", "way=\"proxy\""), 1);
}

}  // namespace
}  // namespace postern::testing
