#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::ElementsAre;

class TlsRequired : public World {};

TEST_F(TlsRequired, ButAbsent) {
  Connector({"requireTls: true"});
  Start();
  EXPECT_THAT(Submit({"bob@b.test"}), ElementsAre("250"));
  EXPECT_TRUE(Soon([this] { return ConnectionsOf("second") >= 1; }));
  EXPECT_EQ(Heard("first", "MAIL") + Heard("second", "MAIL"), 0);
  EXPECT_TRUE(Waiting(1));

  Connector();
  EXPECT_TRUE(Soon([this] { return MailsOf("first").size() + MailsOf("second").size() == 1; }))
      << "what waits goes by the connector as it is now";
  EXPECT_TRUE(Empty());
}

}  // namespace
}  // namespace postern::testing
