
#include "tests/support/memory_frames.h"

#include "gtest/gtest.h"

#include "tests/common/rpc/frame_handlers.h"

namespace postern::rpc {
namespace {

class MemoryFramesTest : public ::testing::Test {
 protected:
  MemoryFramesTest() : frames_(executor_) {
    executor_.Start();
    frames_.Connect(mailbox_, front_end_);
  }

  ~MemoryFramesTest() override { executor_.Stop(); }

  // What was posted has happened.
  void Settle() {
    for (int i = 0; i < 3; ++i)
      executor_.Run([] {});
  }

  io::Executor executor_{"frames"};
  testing::MemoryFrames frames_;
  MailboxSide mailbox_;
  FrontEndSide front_end_;
};

TEST_F(MemoryFramesTest, FramesGoBothWaysInOrder) {
  executor_.Run([this] {
    frames_.mailbox_end()->Send(OfferOf(1));
    frames_.mailbox_end()->Send(OfferOf(2));
    frames_.front_end()->Send(CreditOf(8));
  });
  Settle();
  ASSERT_EQ(front_end_.frames().size(), 2u);
  EXPECT_EQ(front_end_.frames()[1].offers(0).delivery(), 2u);
  ASSERT_EQ(mailbox_.frames().size(), 1u);
  EXPECT_EQ(mailbox_.frames()[0].credit().slots(), 8u);
}

TEST_F(MemoryFramesTest, BreakEndsBothSidesOnce) {
  executor_.Run([this] {
    frames_.Break();
    frames_.Break();
    frames_.mailbox_end()->Send(OfferOf(1));
  });
  Settle();
  EXPECT_EQ(mailbox_.closed(), 1);
  EXPECT_EQ(front_end_.closed(), 1);
  EXPECT_EQ(mailbox_.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(front_end_.frames().empty());
}

TEST_F(MemoryFramesTest, CloseIsPolite) {
  executor_.Run([this] { frames_.mailbox_end()->Close(); });
  Settle();
  EXPECT_TRUE(front_end_.status().ok());
  EXPECT_EQ(front_end_.closed(), 1);
}

}  // namespace
}  // namespace postern::rpc
