#include "services/mailbox-transport/queue/mx_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/observe/metrics.h"

namespace postern::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two shards; who was told of room, and who was asked for what it does not use.
class MxSetsTest : public ::testing::Test {
 protected:
  MxSets& sets() {
    if (sets_ == nullptr) {
      sets_ = std::make_unique<MxSets>(settings_, probe_, 2);
      for (std::size_t shard = 0; shard < 2; ++shard) {
        sets_->OnRoom(shard, [this, shard](const MxSetPtr&) { told_.push_back(shard); });
        sets_->OnSpareWanted(shard, [this, shard](const MxSetPtr&) { asked_.push_back(shard); });
      }
    }
    return *sets_;
  }

  MxSetPtr Set(const std::string& name = "10 mx.test") { return sets().Find("internet", name); }

  bool Enter(std::size_t shard) {
    last_ = Set()->Enter(shard, now_);
    return last_ != MxSet::Admission::kNo;
  }

  std::size_t EnterAll(std::size_t shard) {
    std::size_t count = 0;
    while (Enter(shard))
      ++count;
    return count;
  }

  void Leave(std::size_t shard) { Set()->Leave(shard, MxSet::Admission::kYes); }

  void Fail(std::size_t shard = 0) {
    Set()->Failed("nobody answers", now_,
                  [this](std::uint32_t failures) { return now_ + absl::Minutes(failures); });
    Set()->Leave(shard, last_);
  }

  void Work(std::size_t shard = 0) {
    Set()->Worked(shard, now_);
    Set()->Leave(shard, last_);
  }

  double Gauge(const std::string& name) { return registry_.AddGauge(name, "").value(); }

  observe::Registry registry_;
  Probe probe_{registry_};
  QueueSettings settings_;
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  std::vector<std::size_t> told_;
  std::vector<std::size_t> asked_;
  MxSet::Admission last_ = MxSet::Admission::kNo;

 private:
  std::unique_ptr<MxSets> sets_;
};

TEST_F(MxSetsTest, OneNameByOneConnectorIsOneSet) {
  EXPECT_EQ(Set(), Set());
  EXPECT_NE(Set(), sets().Find("partner", "10 mx.test"));
  EXPECT_EQ(sets().size(), 2u);
}

TEST_F(MxSetsTest, ASetThatNobodyHasIsForgotten) {
  {
    const MxSetPtr held = Set();
    sets().Forget(held);
    EXPECT_EQ(sets().size(), 1u) << "somebody still has it";
  }
  sets().Forget(Set());
  EXPECT_EQ(sets().size(), 0u);
  EXPECT_EQ(Gauge("postern_queue_mx_sets"), 0);
}

TEST_F(MxSetsTest, ItBeginsWithOneAndEachThatWorksAllowsOneMore) {
  EXPECT_EQ(EnterAll(0), 1u);
  Work();
  EXPECT_EQ(EnterAll(0), 2u);
}

TEST_F(MxSetsTest, ADeliveryThatDoesNotEndGivesWayToOneMore) {
  EXPECT_EQ(EnterAll(0), 1u);
  now_ += kRampPatience;
  EXPECT_EQ(EnterAll(0), 1u);
  EXPECT_EQ(Set()->view().under_way, 2u);
}

TEST_F(MxSetsTest, TheLimitIsThatOfAllShards) {
  settings_.first_connections.value = 100;
  settings_.max_per_mx_set_outbound_connections.value = 3;
  EXPECT_EQ(EnterAll(0), 3u);
  EXPECT_EQ(EnterAll(1), 0u);
  for (int i = 0; i < 10; ++i)
    Set()->Worked(0, now_);
  EXPECT_EQ(EnterAll(0), 0u);
}

TEST_F(MxSetsTest, AfterAFailureOneTriesAndNobodyElse) {
  ASSERT_TRUE(Enter(0));
  Fail();
  EXPECT_EQ(EnterAll(0) + EnterAll(1), 0u);
  EXPECT_EQ(Set()->NextTime(now_), now_ + absl::Minutes(1));
  now_ += absl::Minutes(1);
  EXPECT_TRUE(Enter(1));
  EXPECT_EQ(last_, MxSet::Admission::kProbe);
  const MxSet::Admission probe = last_;
  EXPECT_EQ(EnterAll(0), 0u);

  last_ = probe;
  Fail(1);
  EXPECT_EQ(Set()->view().failures, 2u);
  EXPECT_EQ(Set()->view().resumes, now_ + absl::Minutes(2));
}

TEST_F(MxSetsTest, AProbeThatEndsWithoutAWordIsFollowedByAnother) {
  ASSERT_TRUE(Enter(0));
  Fail();
  now_ += absl::Minutes(1);
  ASSERT_TRUE(Enter(0));
  Set()->Leave(0, last_);
  EXPECT_TRUE(Enter(0));
  EXPECT_EQ(last_, MxSet::Admission::kProbe);
}

TEST_F(MxSetsTest, AProbeThatDoesNotEndGivesWayToOneMore) {
  ASSERT_TRUE(Enter(0));
  Fail();
  now_ += absl::Minutes(1);
  ASSERT_TRUE(Enter(0));
  EXPECT_EQ(Set()->NextTime(now_), now_ + kRampPatience);
  now_ += kRampPatience;
  EXPECT_EQ(EnterAll(1), 1u);
  EXPECT_EQ(last_, MxSet::Admission::kNo);
  EXPECT_FALSE(Set()->down());
  EXPECT_EQ(Gauge("postern_queue_mx_sets_down"), 0);

  last_ = MxSet::Admission::kYes;
  Fail(1);
  EXPECT_TRUE(Set()->down());
  EXPECT_EQ(Set()->view().failures, 2u) << "it was taken for up, and was not";
}

TEST_F(MxSetsTest, WhenTheHostsAreBackThoseThatWaitAreTold) {
  ASSERT_TRUE(Enter(0));
  Fail();
  EXPECT_EQ(Gauge("postern_queue_mx_sets_down"), 1);
  Set()->Await(1, true);
  now_ += absl::Minutes(1);
  ASSERT_TRUE(Enter(0));
  Work();
  EXPECT_THAT(told_, ElementsAre(1u));
  EXPECT_FALSE(Set()->down());
  EXPECT_EQ(Gauge("postern_queue_mx_sets_down"), 0);
  EXPECT_EQ(EnterAll(1), 2u) << "as after a return";
}

TEST_F(MxSetsTest, ABusySetOfWhichOneFailsShrinks) {
  settings_.first_connections.value = 4;
  Set()->Worked(0, now_);
  ASSERT_EQ(EnterAll(0), 5u);
  last_ = MxSet::Admission::kYes;
  Fail();
  EXPECT_FALSE(Set()->down());
  EXPECT_EQ(Set()->view().allowed, 4u);
}

TEST_F(MxSetsTest, DeferralsInARowHalveWhatIsAllowed) {
  settings_.first_connections.value = 7;
  Set()->Worked(0, now_);
  ASSERT_EQ(EnterAll(0), 8u);
  for (std::size_t i = 1; i < kDeferralsInARow; ++i)
    Set()->Deferred(0, now_);
  EXPECT_EQ(Set()->view().allowed, 8u);
  Set()->NotTaken();
  EXPECT_EQ(Set()->view().allowed, 4u);

  for (std::size_t i = 1; i < kDeferralsInARow; ++i)
    Set()->Deferred(0, now_);
  Set()->Worked(0, now_);
  Set()->Deferred(0, now_);
  EXPECT_EQ(Set()->view().allowed, 5u) << "what is taken ends the row";
  for (std::size_t i = 0; i < 10 * kDeferralsInARow; ++i)
    Set()->Deferred(0, now_);
  EXPECT_EQ(Set()->view().allowed, 1u);
}

TEST_F(MxSetsTest, HostsThatPutOffAreThereAndGrowByNothing) {
  ASSERT_TRUE(Enter(0));
  Fail();
  now_ += absl::Minutes(1);
  ASSERT_TRUE(Enter(0));
  Set()->Await(1, true);
  Set()->Deferred(0, now_);
  Set()->Leave(0, last_);
  EXPECT_FALSE(Set()->down());
  EXPECT_EQ(EnterAll(1), 1u);
  for (int i = 0; i < 4; ++i) {
    now_ += kRampPatience / 2;
    Set()->Deferred(0, now_);
    EXPECT_EQ(EnterAll(1), 0u);
  }
}

TEST_F(MxSetsTest, RetryNowDoesNotWait) {
  EXPECT_FALSE(Set()->RetryNow(now_));
  ASSERT_TRUE(Enter(0));
  Fail();
  EXPECT_TRUE(Set()->RetryNow(now_));
  EXPECT_TRUE(Enter(0));
}

TEST_F(MxSetsTest, PlacesOfSessionsThatAreKeptIdleAreAskedBack) {
  settings_.first_connections.value = 100;
  settings_.max_per_mx_set_outbound_connections.value = 2;
  ASSERT_EQ(EnterAll(0), 2u);
  Leave(0);
  Leave(0);
  EXPECT_FALSE(Enter(1)) << "both sessions may be open still";
  Set()->Await(1, true);
  Set()->Await(1, true);
  EXPECT_THAT(asked_, ElementsAre(0u)) << "once";
  EXPECT_THAT(told_, IsEmpty());
  Set()->GaveUp(0);
  EXPECT_THAT(told_, ElementsAre(1u));
  EXPECT_EQ(EnterAll(1), 2u);
}

TEST_F(MxSetsTest, WhatIsUnderWayIsNotGivenUp) {
  settings_.first_connections.value = 100;
  settings_.max_per_mx_set_outbound_connections.value = 2;
  ASSERT_EQ(EnterAll(0), 2u);
  Leave(0);
  Set()->Await(1, true);
  Set()->GaveUp(0);
  EXPECT_EQ(EnterAll(1), 1u);
}

}  // namespace
}  // namespace postern::queue
