#include "services/mailbox-transport/deliver/front_end.h"

#include <thread>

#include "gtest/gtest.h"

#include "tests/services/mailbox-transport/deliver/scripted_front_end.h"
#include "tests/support/memory_frames.h"

namespace postern::deliver {
namespace {

// One front end with a stream of four slots, in memory.
class FrontEndTest : public ::testing::Test {
 protected:
  FrontEndTest() {
    executor_.Start();
    settings_.front_end_failures_max.value = 2;
    settings_.front_end_out_time.value = absl::Milliseconds(20);
    executor_.Run([this] {
      one_ =
          std::make_unique<FrontEnd>(executor_, settings_, "192.0.2.7:7170", [this] { ++backs_; });
      one_->streams.push_back(std::make_unique<FrontEndStream>("192.0.2.7:7170", [] {}));
      frames_.Connect(*one_->streams[0], peer_);
      peer_.Uses(frames_.front_end());
      one_->streams[0]->Attach(frames_.mailbox_end());
      peer_.Credit(4);
    });
    executor_.Run([] {});
  }

  ~FrontEndTest() override {
    executor_.Run([this] { frames_.Break(); });
    executor_.Run([] {});
    executor_.Run([this] { one_.reset(); });
    executor_.Stop();
  }

  bool takes() const { return one_->StreamFor("hop") != nullptr; }

  void Delivery(Health health) { one_->Ended(one_->Begins(), health); }

  bool DueAgain(int times) {
    for (int i = 0; i < 5000; ++i) {
      int backs = 0;
      executor_.Run([&] { backs = backs_; });
      if (backs >= times) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

  io::Executor executor_{"front-end"};
  DeliverSettings settings_;
  testing::MemoryFrames frames_{executor_};
  ScriptedFrontEnd peer_;
  int backs_ = 0;
  std::unique_ptr<FrontEnd> one_;
};

TEST_F(FrontEndTest, FailuresInARowPutItOut) {
  executor_.Run([this] {
    Delivery(Health::kFailed);
    Delivery(Health::kGood);
    Delivery(Health::kFailed);
    EXPECT_TRUE(takes()) << "a success between";
    Delivery(Health::kFailed);
    EXPECT_FALSE(takes());
    EXPECT_FALSE(one_->usable());
    EXPECT_TRUE(one_->out());
  });
}

TEST_F(FrontEndTest, WhatTellsNothingIsNotCounted) {
  executor_.Run([this] {
    Delivery(Health::kFailed);
    for (int i = 0; i < 10; ++i)
      Delivery(Health::kNothing);
    EXPECT_TRUE(takes());
  });
}

TEST_F(FrontEndTest, OneDeliveryTriesItWhenItsTimeHasCome) {
  executor_.Run([this] {
    Delivery(Health::kFailed);
    Delivery(Health::kFailed);
  });
  ASSERT_TRUE(DueAgain(1));
  executor_.Run([this] {
    EXPECT_TRUE(one_->usable());
    const bool tries = one_->Begins();
    EXPECT_TRUE(tries);
    EXPECT_FALSE(takes()) << "one at a time";
    one_->Ended(tries, Health::kGood);
    EXPECT_TRUE(takes());
    EXPECT_FALSE(one_->out());
  });
}

TEST_F(FrontEndTest, AttemptThatFailsPutsItOutForLonger) {
  executor_.Run([this] {
    Delivery(Health::kFailed);
    Delivery(Health::kFailed);
  });
  ASSERT_TRUE(DueAgain(1));
  const absl::Time again = absl::Now();
  executor_.Run([this] {
    Delivery(Health::kFailed);
    EXPECT_FALSE(takes());
  });
  ASSERT_TRUE(DueAgain(2));
  EXPECT_GE(absl::Now() - again, absl::Milliseconds(40));
}

TEST_F(FrontEndTest, AttemptThatTellsNothingLeavesTheNextOneIn) {
  executor_.Run([this] {
    Delivery(Health::kFailed);
    Delivery(Health::kFailed);
  });
  ASSERT_TRUE(DueAgain(1));
  executor_.Run([this] {
    Delivery(Health::kNothing);
    EXPECT_TRUE(takes());
  });
}

TEST_F(FrontEndTest, WhatWasUnderWayWhenItWasPutOutDoesNotProlongIt) {
  executor_.Run([this] {
    const bool early = one_->Begins();
    Delivery(Health::kFailed);
    Delivery(Health::kFailed);
    one_->Ended(early, Health::kFailed);
  });
  EXPECT_TRUE(DueAgain(1));
  executor_.Run([this] { EXPECT_TRUE(takes()); });
}

TEST_F(FrontEndTest, OneThatIsGoneTakesNothing) {
  executor_.Run([this] {
    EXPECT_TRUE(one_->has_room());
    one_->gone = true;
    EXPECT_FALSE(takes());
    EXPECT_FALSE(one_->hopeful());
    EXPECT_FALSE(one_->has_room());
  });
}

}  // namespace
}  // namespace postern::deliver
