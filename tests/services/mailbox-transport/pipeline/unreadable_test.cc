#include "tests/services/mailbox-transport/pipeline/line_fixture.h"

namespace postern::pipeline {
namespace {

using ::testing::SizeIs;

// Messages that the store cannot give back.
class UnreadableTest : public LineFixture {
 protected:
  static constexpr char kBob[] = "192.0.2.1";

  UnreadableTest() { Domain("b.test", kBob); }
};

TEST_F(UnreadableTest, DamagedMessageLeavesTheQueue) {
  Run("Other c.test");
  const auto answer = Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 1; }));
  Stop(absl::ZeroDuration());
  Run("Other c.test");
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 1; }));
  store_.Damage({std::stoull(*answer)});
  Directory("Internet *");
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 0; }));
  EXPECT_THAT(MailsOf(kBob), SizeIs(0));
}

TEST_F(UnreadableTest, MessageThatCannotBeReadNowStaysInTheQueue) {
  Run("Other c.test");
  Accept({"bob@b.test"});
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 1; }));
  Stop(absl::ZeroDuration());
  Run("Other c.test");
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 1; }));
  store_.FailLoads(absl::UnavailableError("too many open files"));
  Directory("Internet *");
  EXPECT_TRUE(Soon([this] { return store_.loads_failed() > 0; }));
  EXPECT_TRUE(Soon([this] { return Waiting(Unreachable()) == 1; }));
  EXPECT_EQ(Waiting(Unreachable()), 1u);
  store_.FailLoads(absl::OkStatus());
}

}  // namespace
}  // namespace postern::pipeline
