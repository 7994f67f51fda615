#include "services/mailbox-transport/store/rocks_store.h"

#include <thread>

#include "rocksdb/env.h"

#include "common/base/text.h"
#include "tests/services/mailbox-transport/store/message_store_contract.h"
#include "tests/support/store/power_cut_fs.h"
#include "tests/support/store/store_world.h"

namespace postern::store {
namespace {

using ::testing::HasSubstr;

class RocksEngine final : public EngineUnderTest {
 public:
  RocksEngine() { EXPECT_TRUE(world_.Open().ok()); }

  model::MessageStore& store() override { return *world_; }

  void Restart() override {
    world_.Close();
    EXPECT_TRUE(world_.Open().ok());
  }

  void Kill() override {
    world_.Kill();
    EXPECT_TRUE(world_.Open().ok());
  }

 private:
  StoreWorld world_;
};

std::unique_ptr<EngineUnderTest> MakeRocksEngine() {
  return std::make_unique<RocksEngine>();
}

INSTANTIATE_TEST_SUITE_P(RocksDb, MessageStoreContract, ::testing::Values(&MakeRocksEngine));

class RocksStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(world_.Open().ok()); }

  StoreWorld world_;
};

TEST_F(RocksStoreTest, SecondProcessIsRefused) {
  observe::Registry registry;
  const auto second = RocksStore::Open(world_.settings, registry, world_.seams);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(base::MessageOf(second.status())), HasSubstr("in use"));
}

TEST_F(RocksStoreTest, WaitersShareOneSync) {
  // The first answer holds the commit thread until all the others wait for it.
  std::promise<void> all_wait;
  world_->Put(MessageWith(world_->NextId(), "small"),
              [&all_wait](absl::Status) { all_wait.get_future().wait(); });
  std::vector<std::promise<absl::Status>> answers(200);
  for (auto& answer : answers) {
    world_->Put(MessageWith(world_->NextId(), "small"),
                [&answer](absl::Status s) { answer.set_value(std::move(s)); });
  }
  const std::uint64_t before = world_->probe().syncs();
  all_wait.set_value();
  for (auto& answer : answers)
    EXPECT_TRUE(answer.get_future().get().ok());
  const std::uint64_t shared = world_->probe().syncs() - before;
  EXPECT_GE(shared, 1u);
  EXPECT_LE(shared, 3u);
}

TEST_F(RocksStoreTest, SettlementAloneIsNotSynced) {
  const auto message = MessageWith(world_->NextId(), "body");
  ASSERT_TRUE(Put(*world_, message).ok());
  const std::uint64_t syncs = world_->probe().syncs();
  EXPECT_TRUE(Settle(*world_, Delivered(message)).ok());
  EXPECT_EQ(world_->probe().syncs(), syncs);
}

TEST_F(RocksStoreTest, ExpiredKeyIsForgottenAndRemovedFromDisk) {
  const auto message = MessageWith(world_->NextId(), "body");
  message->identity = "app";
  message->idempotency_key = "k";
  ASSERT_TRUE(Put(*world_, message).ok());
  ASSERT_TRUE(Settle(*world_, Delivered(message)).ok());
  world_.clock.Advance(absl::Hours(25));
  EXPECT_FALSE(world_->FindKey("app", "k").has_value());
  ASSERT_TRUE(Settle(*world_, Delivered(MessageWith(world_->NextId(), ""))).ok());
  world_.clock.Advance(-absl::Hours(25));
  world_.Kill();
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_FALSE(world_->FindKey("app", "k").has_value());
}

TEST_F(RocksStoreTest, IdsGoOnWhenTheClockIsSetBack) {
  const base::MessageId id = world_.Put("body");
  world_.Kill();
  world_.clock.Advance(-absl::Hours(1));
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_GT(world_->NextId(), id);
}

// The mark that goes with a message is lost with it: the next one brings it.
TEST_F(RocksStoreTest, IdsGoOnAlsoBehindAMessageThatWasRefused) {
  const auto with_key = [this] {
    auto message = MessageWith(world_->NextId(), "body");
    message->idempotency_key = "k";
    return message;
  };
  ASSERT_TRUE(Put(*world_, with_key()).ok());
  world_.clock.Advance(absl::Minutes(2));
  ASSERT_FALSE(Put(*world_, with_key()).ok());
  const auto last = MessageWith(world_->NextId(), "body");
  ASSERT_TRUE(Put(*world_, last).ok());
  ASSERT_TRUE(Settle(*world_, Delivered(last)).ok());
  world_.Kill();
  world_.clock.Advance(-absl::Hours(1));
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_GT(world_->NextId(), last->id);
}

TEST_F(RocksStoreTest, BootOfTheMachinePutsEveryMessageInHand) {
  const base::MessageId id = world_.Put("body");
  world_.Kill();
  world_.seams.boot_id = "another boot";
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_TRUE(Scanned(*world_)[id]);
}

TEST_F(RocksStoreTest, OrderlyStopBeforeTheBootPutsNoneInHand) {
  const base::MessageId id = world_.Put("body");
  world_.Close();
  world_.seams.boot_id = "another boot";
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_FALSE(Scanned(*world_)[id]);
}

TEST_F(RocksStoreTest, FullInHandTablePutsEveryMessageInHand) {
  const base::MessageId id = world_.Put("body");
  const base::MessageId other = world_->NextId();
  for (int i = 0; i < 1025; ++i)
    world_->MarkInHand(other);
  world_.Kill();
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_TRUE(Scanned(*world_)[id]);
}

TEST_F(RocksStoreTest, ReserveRefusesNewMailButTakesRemovals) {
  const auto message = MessageWith(world_->NextId(), "body");
  ASSERT_TRUE(Put(*world_, message).ok());
  world_.Close();
  std::atomic<std::uint64_t> free = 1000;
  world_.settings.disk_reserve.value = {1001};
  world_.seams.free_bytes = [&free] { return free.load(); };
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_TRUE(world_->full());
  EXPECT_EQ(world_.Put("refused"), base::MessageId());
  EXPECT_TRUE(Settle(*world_, Delivered(message)).ok());
  free = 1001;
  for (int i = 0; i < 500 && world_->full(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_NE(world_.Put("taken"), base::MessageId());
  world_.Close();
}

TEST_F(RocksStoreTest, RefusedMessageLeavesNoChunksAndNoKey) {
  const auto message = MessageWith(world_->NextId(), "");
  message->body = nullptr;
  message->chunks = 2;  // only one was written
  message->idempotency_key = "k";
  ASSERT_TRUE(PutChunk(*world_, message->id, 0, "chunk").ok());
  EXPECT_EQ(Put(*world_, message).code(), absl::StatusCode::kInvalidArgument);
  world_.Put("behind it");
  EXPECT_FALSE(world_->LoadChunk(message->id, 0).ok());
  EXPECT_FALSE(world_->FindKey("", "k").has_value());
}

TEST_F(RocksStoreTest, SmallQueueAsksToComeAgainLater) {
  world_.Close();
  world_.settings.queue_bytes_max.value = {1000};
  ASSERT_TRUE(world_.Open().ok());
  const absl::Status status = Put(*world_, MessageWith(world_->NextId(), std::string(2000, 'x')));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
}

// Faults of the disk, through the file system.
class DiskFaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.seams.env = env_.get();
    world_.settings.disk_reserve.value = {1000};
    world_.settings.disk_check_interval.value = absl::Milliseconds(30);
    world_.seams.free_bytes = [this] { return free_.load(); };
    world_.seams.fatal = [this](const absl::Status& status) { fatal_.set_value(status); };
    ASSERT_TRUE(world_.Open().ok());
  }

  void TearDown() override { world_.Close(); }

  std::shared_ptr<PowerCutFs> fs_ = std::make_shared<PowerCutFs>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(fs_);
  std::promise<absl::Status> fatal_;
  std::atomic<std::uint64_t> free_ = 5000;
  StoreWorld world_;
};

// What waits while the disk is full is written when there is space, by the same process.
class FullDiskTest : public DiskFaultTest {
 protected:
  absl::StatusCode PutNow() { return Put(*world_, MessageWith(world_->NextId(), "body")).code(); }

  std::future<absl::Status> SettleLater(const model::MessagePtr& message) {
    auto promise = std::make_shared<std::promise<absl::Status>>();
    model::Settlement settlement;
    settlement.message = Delivered(message);
    world_->Settle(std::move(settlement),
                   [promise](absl::Status status) { promise->set_value(std::move(status)); });
    return promise->get_future();
  }

  model::MessagePtr Kept() {
    auto message = MessageWith(world_->NextId(), "body");
    EXPECT_TRUE(Put(*world_, message).ok());
    return message;
  }

  bool SpaceAgain() {
    fs_->FillDisk(false);
    for (int i = 0; i < 1500 && world_->full(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return !world_->full();
  }

  bool Waits(std::future<absl::Status>& answer) {
    return answer.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout;
  }
};

TEST_F(FullDiskTest, NewMailIsAnsweredLaterAndTakenWhenThereIsSpace) {
  fs_->FillDisk(true);
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(world_->full());
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(SpaceAgain());
  EXPECT_EQ(PutNow(), absl::StatusCode::kOk);
  world_.Kill();
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_EQ(Scanned(*world_).size(), 1u);
}

TEST_F(FullDiskTest, NobodyIsSaidToWaitForACommitOnceItIsAnswered) {
  fs_->FillDisk(true);
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(SpaceAgain());
  static_cast<void>(world_->TakeLongestWait());
  EXPECT_EQ(world_->TakeLongestWait(), absl::ZeroDuration());
}

TEST_F(FullDiskTest, AResumptionBehindWhichNothingIsWrittenDoesNotStopTheNextStart) {
  fs_->FillDisk(true);
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(SpaceAgain());
  fs_->FillDisk(true);  // so that closing cannot write the buffers
  world_.Close();
  fs_->FillDisk(false);
  const absl::Status opened = world_.Open();
  EXPECT_TRUE(opened.ok()) << opened;
}

TEST_F(FullDiskTest, SettlementsThatWaitedAreWritten) {
  const auto first = Kept();
  const auto second = Kept();
  const auto third = Kept();
  world_->MarkInHand(second->id);
  free_ = 0;
  fs_->FillDisk(true);
  auto settled = SettleLater(first);
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  auto later = SettleLater(second);
  EXPECT_TRUE(Waits(settled) && Waits(later));
  free_ = 5000;
  ASSERT_TRUE(SpaceAgain());
  EXPECT_TRUE(settled.get().ok() && later.get().ok());
  EXPECT_EQ(PutNow(), absl::StatusCode::kOk);
  world_.Kill();
  ASSERT_TRUE(world_.Open().ok());
  const auto left = Scanned(*world_);
  EXPECT_EQ(left.size(), 2u);
  EXPECT_TRUE(left.contains(third->id) && !left.at(third->id));
}

TEST_F(FullDiskTest, ItMayBeFullAgainAndAgain) {
  for (int round = 0; round < 3; ++round) {
    const auto message = Kept();
    fs_->FillDisk(true);
    auto settled = SettleLater(message);
    EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
    ASSERT_TRUE(SpaceAgain());
    EXPECT_TRUE(settled.get().ok());
    // Full at the first write after it.
    fs_->FillDisk(true);
    EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
    ASSERT_TRUE(SpaceAgain());
  }
  EXPECT_TRUE(Scanned(*world_).empty());
}

TEST_F(FullDiskTest, FirstWriteAfterTheStartMayFail) {
  const auto message = Kept();
  world_.Close();
  ASSERT_TRUE(world_.Open().ok());
  fs_->FillDisk(true);
  auto settled = SettleLater(message);
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(SpaceAgain());
  EXPECT_TRUE(settled.get().ok());
}

TEST_F(FullDiskTest, TriesAgainWhileThereSeemsToBeSpace) {
  const auto message = Kept();
  fs_->FillDisk(true);
  auto settled = SettleLater(message);
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(settled.wait_for(std::chrono::milliseconds(1500)), std::future_status::timeout);
  ASSERT_TRUE(SpaceAgain());
  EXPECT_TRUE(settled.get().ok());
}

TEST_F(FullDiskTest, WhatIsHeldIsBounded) {
  world_.Close();
  world_.settings.queue_bytes_max.value = {1000};
  ASSERT_TRUE(world_.Open().ok());
  const auto message = MessageWith(world_->NextId(), "");
  free_ = 0;
  fs_->FillDisk(true);
  auto first = SettleLater(message);
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  std::vector<std::future<absl::Status>> more;
  for (int i = 0; i < 100; ++i)
    more.push_back(SettleLater(message));
  EXPECT_EQ(more.back().get().code(), absl::StatusCode::kResourceExhausted);
  free_ = 5000;
  ASSERT_TRUE(SpaceAgain());
  EXPECT_TRUE(first.get().ok());
}

TEST_F(FullDiskTest, StopWithoutSpaceKeepsTheMark) {
  const auto message = Kept();
  world_->MarkInHand(message->id);
  free_ = 0;
  fs_->FillDisk(true);
  auto settled = SettleLater(message);
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  world_.Close();
  fs_->FillDisk(false);
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_TRUE(Scanned(*world_).at(message->id));
}

TEST_F(FullDiskTest, AnotherErrorWhileItResumesEndsTheProcess) {
  free_ = 0;
  fs_->FillDisk(true);
  EXPECT_EQ(PutNow(), absl::StatusCode::kResourceExhausted);
  fs_->CutAfter(1);
  free_ = 5000;
  EXPECT_THAT(fatal_.get_future().get().ToString(), HasSubstr("the power is off"));
  world_.Close();
}

TEST_F(DiskFaultTest, WhatCannotBeReadNowIsNotDamaged) {
  const auto message = MessageWith(world_->NextId(), "body");
  ASSERT_TRUE(Put(*world_, message).ok());
  world_.Close();
  ASSERT_TRUE(world_.Open().ok());
  fs_->BreakReads(true);
  const absl::Status failed = world_->Load(message->id).status();
  EXPECT_TRUE(absl::IsUnavailable(failed)) << failed;
  EXPECT_TRUE(absl::IsUnavailable(world_->Scan([](model::MessagePtr, model::InHand) {})));
  EXPECT_FALSE(world_->damaged());
  fs_->BreakReads(false);
  EXPECT_TRUE(world_->Load(message->id).ok());
  EXPECT_EQ(Scanned(*world_).size(), 1u);
}

TEST_F(DiskFaultTest, FailedSyncAnswersNobodyAndEndsTheProcess) {
  fs_->BreakSyncs(true);
  std::atomic<bool> answered = false;
  world_->Put(MessageWith(world_->NextId(), "body"), [&](absl::Status) { answered = true; });
  EXPECT_THAT(fatal_.get_future().get().ToString(), HasSubstr("the sync failed"));
  world_.Close();
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace postern::store
