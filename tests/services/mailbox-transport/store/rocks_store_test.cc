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
  std::vector<std::promise<absl::Status>> answers(200);
  for (auto& answer : answers) {
    world_->Put(MessageWith(world_->NextId(), "small"),
                [&answer](absl::Status s) { answer.set_value(std::move(s)); });
  }
  for (auto& answer : answers)
    EXPECT_TRUE(answer.get_future().get().ok());
  EXPECT_LT(world_->probe().syncs(), 150u);
  EXPECT_GE(world_->probe().syncs(), 1u);
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

// Whether RocksDB resumes or the process ends for it, mail is taken again and nothing is lost.
TEST_F(DiskFaultTest, FullDiskAnswersLaterAndMailIsTakenWhenThereIsSpace) {
  const base::MessageId before = world_.Put("before");
  fs_->FillDisk(true);
  const absl::Status refused = Put(*world_, MessageWith(world_->NextId(), "refused"));
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(world_->full());
  fs_->FillDisk(false);
  auto fatal = fatal_.get_future();
  for (int i = 0; i < 500 && world_->full(); ++i) {
    if (fatal.wait_for(std::chrono::milliseconds(10)) == std::future_status::ready) break;
  }
  world_.Close();
  ASSERT_TRUE(world_.Open().ok());
  const base::MessageId after = world_.Put("after");
  EXPECT_THAT(Scanned(*world_), ::testing::ElementsAre(::testing::Pair(before, false),
                                                       ::testing::Pair(after, false)));
}

TEST_F(DiskFaultTest, WritingThatCannotBeResumedEndsTheProcess) {
  fs_->FillDisk(true);
  EXPECT_EQ(Put(*world_, MessageWith(world_->NextId(), "refused")).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(fatal_.get_future().get().ToString(), HasSubstr("No space"));
  world_.Close();
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
