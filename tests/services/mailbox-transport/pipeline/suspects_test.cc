#include "services/mailbox-transport/pipeline/suspects.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/memory_store.h"

namespace postern::pipeline {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class SuspectsTest : public ::testing::Test {
 protected:
  SuspectsTest() { settings_.poison_suspects.value = 2; }

  static std::vector<model::MessagePtr> Messages(std::size_t count, std::uint32_t crashes) {
    std::vector<model::MessagePtr> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(std::make_shared<model::Message>());
      all.back()->id = base::MessageId{i + 1};
      all.back()->crashes = crashes;
    }
    return all;
  }

  queue::QueueSettings settings_;
  testing::MemoryStore store_;
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(SuspectsTest, AFirstCrashCountsForAll) {
  const auto all = Messages(90, 0);
  EXPECT_TRUE(CountCrash(settings_, all));
  const Suspects suspects(store_, settings_);
  for (const auto& message : all) {
    EXPECT_EQ(message->crashes, 1u);
    EXPECT_FALSE(IsPoisonous(settings_, *message));
    EXPECT_TRUE(suspects.AreMeant(*message));
  }
}

TEST_F(SuspectsTest, ASecondOneCountsWhenFewWereInHandAgain) {
  auto all = Messages(2, 1);
  const auto others = Messages(40, 0);
  all.insert(all.end(), others.begin(), others.end());
  EXPECT_TRUE(CountCrash(settings_, all));
  EXPECT_TRUE(IsPoisonous(settings_, *all[0]));
  EXPECT_TRUE(IsPoisonous(settings_, *all[1]));
  EXPECT_FALSE(IsPoisonous(settings_, *all[2]));
}

TEST_F(SuspectsTest, OfManyNobodyKnowsWhichItWas) {
  auto all = Messages(3, 1);
  all.push_back(Messages(1, 0).front());
  EXPECT_FALSE(CountCrash(settings_, all));
  EXPECT_EQ(all[0]->crashes, 1u);
  EXPECT_EQ(all[3]->crashes, 1u) << "it is no suspect yet, and counts as ever";
}

TEST_F(SuspectsTest, WithoutDetectionNoneIsMeant) {
  settings_.poison_message_detection_enabled.value = false;
  const auto all = Messages(90, 7);
  EXPECT_TRUE(CountCrash(settings_, all));
  EXPECT_FALSE(IsPoisonous(settings_, *all[0]));
  EXPECT_FALSE(Suspects(store_, settings_).AreMeant(*all[0]));
}

TEST_F(SuspectsTest, AFewGoAtATime) {
  Suspects suspects(store_, settings_);
  const auto all = Messages(5, 1);
  for (const auto& message : all)
    suspects.Add(message);
  ASSERT_THAT(suspects.Next(now_), SizeIs(2));
  EXPECT_EQ(suspects.size(), 3u);
  store_.MarkInHand(all[0]->id);
  now_ += Suspects::kLook;
  EXPECT_THAT(suspects.Next(now_), IsEmpty()) << "the second may be about to begin";
  now_ += Suspects::kBegins;
  EXPECT_THAT(suspects.Next(now_), SizeIs(1)) << "in place of the second, which is through";
  store_.MarkInHand(all[2]->id);
  now_ += Suspects::kBegins;
  EXPECT_THAT(suspects.Next(now_), IsEmpty());
  now_ += Suspects::kStuck;
  EXPECT_THAT(suspects.Next(now_), SizeIs(1)) << "two that hang do not hold the others for ever";
  store_.ClearInHand(all[0]->id);
  store_.ClearInHand(all[2]->id);
  now_ += Suspects::kBegins;
  EXPECT_THAT(suspects.Next(now_), SizeIs(1));
  EXPECT_EQ(suspects.size(), 0u);
}

}  // namespace
}  // namespace postern::pipeline
