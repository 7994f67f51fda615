#include "common/rpc/frame_pump.h"

#include <vector>

#include "gtest/gtest.h"

#include "tests/common/rpc/frame_handlers.h"

namespace postern::rpc {
namespace {

// A reactor whose writes end when the test says so.
struct FakeReactor {
  void StartWrite(const v1::ProxyToFrontEnd* frame) { writes.push_back(*frame); }

  void ReadNext(v1::ProxyToMailbox* into) { (void)into; }

  void FinishWrites() { ++finished; }

  std::vector<v1::ProxyToFrontEnd> writes;
  int finished = 0;
};

class FramePumpTest : public ::testing::Test {
 protected:
  using Pump = FramePump<FakeReactor, v1::ProxyToFrontEnd, v1::ProxyToMailbox>;

  ~FramePumpTest() override {
    executor_.Run([this] { pump_.reset(); });
    executor_.Stop();
  }

  // The first frame is written and its write has ended.
  void Begin(absl::Duration gather) {
    executor_.Start();
    executor_.Run([&] {
      pump_ = std::make_unique<Pump>(reactor_, executor_, gather);
      pump_->Begin();
    });
    Send(OfferOf(1));
    ASSERT_EQ(Writes(), 1u);
    executor_.Run([this] { pump_->WriteDone(true); });
  }

  void Send(v1::ProxyToFrontEnd frame) {
    executor_.Run([&] { pump_->Send(std::move(frame), nullptr); });
    executor_.Run([] {});  // the end of that turn
  }

  void SendData() {
    v1::ProxyToFrontEnd frame;
    frame.add_data()->set_bytes("x");
    Send(std::move(frame));
  }

  std::size_t Writes() {
    std::size_t count = 0;
    executor_.Run([&] { count = reactor_.writes.size(); });
    return count;
  }

  io::Executor executor_{"pump"};
  FakeReactor reactor_;
  std::unique_ptr<Pump> pump_;
};

TEST_F(FramePumpTest, OffersSoonAfterAWriteWaitForEachOther) {
  Begin(absl::Hours(1));
  Send(OfferOf(2));
  Send(OfferOf(3));
  EXPECT_EQ(Writes(), 1u);
  SendData();
  ASSERT_EQ(Writes(), 2u) << "content waits for nobody, and takes along what waits";
  EXPECT_EQ(reactor_.writes[1].offers_size(), 2);
  EXPECT_EQ(reactor_.writes[1].data_size(), 1);
}

TEST_F(FramePumpTest, AnOfferWaitsNoLongerThanTheTime) {
  Begin(absl::Milliseconds(2));
  Send(OfferOf(2));
  EXPECT_TRUE(Soon([this] { return Writes() == 2; }));
}

TEST_F(FramePumpTest, AFrameWithoutOthersBeforeItGoesAtOnce) {
  Begin(absl::ZeroDuration());
  Send(OfferOf(2));
  EXPECT_EQ(Writes(), 2u);
}

TEST_F(FramePumpTest, WhatIsDueDuringAWriteFollowsIt) {
  Begin(absl::Hours(1));
  SendData();
  ASSERT_EQ(Writes(), 2u);
  SendData();
  Send(OfferOf(2));
  EXPECT_EQ(Writes(), 2u);
  executor_.Run([this] { pump_->WriteDone(true); });
  ASSERT_EQ(Writes(), 3u);
  EXPECT_EQ(reactor_.writes[2].offers_size(), 1);
}

TEST_F(FramePumpTest, ManyLargeFramesAreSeveralWrites) {
  Begin(absl::Hours(1));
  v1::ProxyToFrontEnd large;
  large.add_data()->set_bytes(std::string(200 * 1024, 'x'));
  for (int i = 0; i < 6; ++i)
    Send(large);  // the first one begins a write, the others wait for its end
  std::vector<int> frames;
  for (std::size_t written = 1; written < Writes();) {
    frames.push_back(reactor_.writes[written].data_size());
    EXPECT_LE(reactor_.writes[written++].ByteSizeLong(), kWriteBytesMax);
    executor_.Run([this] { pump_->WriteDone(true); });
  }
  EXPECT_EQ(frames, (std::vector<int>{1, 2, 2, 1}));
}

TEST_F(FramePumpTest, TheEndSendsWhatWaits) {
  Begin(absl::Hours(1));
  Send(OfferOf(2));
  executor_.Run([this] { pump_->End(); });
  ASSERT_EQ(Writes(), 2u);
  EXPECT_EQ(reactor_.finished, 0);
  executor_.Run([this] { pump_->WriteDone(true); });
  EXPECT_EQ(reactor_.finished, 1);
}

TEST_F(FramePumpTest, AWriteThatFailedTakesWhatWaitsWithIt) {
  Begin(absl::Hours(1));
  SendData();
  SendData();
  executor_.Run([this] { pump_->WriteDone(false); });
  EXPECT_EQ(Writes(), 2u);
}

}  // namespace
}  // namespace postern::rpc
