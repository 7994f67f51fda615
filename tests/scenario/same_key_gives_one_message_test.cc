#include <future>
#include <set>

#include "gmock/gmock.h"

#include "tests/support/world/world.h"

namespace postern::testing {
namespace {

using ::testing::HasSubstr;

class SameKey : public World {};

TEST_F(SameKey, GivesOneMessage) {
  Connector();
  Start();
  const std::string id = SubmitWithKey("order-1", "bob@b.test");
  EXPECT_EQ(SubmitWithKey("order-1", "bob@b.test"), "repeated " + id);
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Empty());
  EXPECT_EQ(SubmitWithKey("order-1", "bob@b.test"), "repeated " + id) << "also afterwards";
  EXPECT_THAT(SubmitWithKey("order-1", "eve@c.test"), HasSubstr("order-1"));
  EXPECT_TRUE(Delivered("first"));
}

TEST_F(SameKey, TwiceAtOnceGivesOneMessage) {
  settings_.server.io_threads.value = 2;
  Connector();
  Start();
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 8; ++i) {
    answers.push_back(
        std::async(std::launch::async, [this] { return SubmitWithKey("k", "bob@b.test"); }));
  }
  std::set<std::string> ids;
  for (auto& answer : answers) {
    const std::string text = answer.get();
    ids.insert(text.substr(text.rfind(' ') + 1));
  }
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Empty());
}

TEST_F(SameKey, IsKnownAfterACrash) {
  Connector();
  Start();
  const std::string id = SubmitWithKey("order-1", "bob@b.test");
  EXPECT_TRUE(Delivered("first"));
  EXPECT_TRUE(Empty());
  Crash();
  EXPECT_EQ(SubmitWithKey("order-1", "bob@b.test"), "repeated " + id);
}

}  // namespace
}  // namespace postern::testing
