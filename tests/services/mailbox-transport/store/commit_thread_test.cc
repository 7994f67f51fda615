#include "services/mailbox-transport/store/commit_thread.h"

#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"

#include "common/base/check.h"
#include "services/mailbox-transport/store/database.h"

namespace postern::store {
namespace {

using Urgency = Commit::Urgency;

// A commit thread over a database in memory. Hold() stops it, so that what is added gathers behind.
class CommitThreadTest : public ::testing::Test {
 protected:
  CommitThreadTest() {
    rocksdb::DBOptions options;
    options.env = env_.get();
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : FamilyNames())
      descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DB* db = nullptr;
    POSTERN_CHECK(rocksdb::DB::Open(options, "/commits", descriptors, &families_, &db).ok());
    db_.reset(db);
    limits_.lazy_delay = absl::Milliseconds(1);
  }

  ~CommitThreadTest() override {
    Release();
    thread_.reset();
    for (auto* family : families_)
      db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }

  void Start() {
    CommitHooks hooks;
    hooks.free_bytes = [this] { return free_bytes_; };
    hooks.fatal = [](const absl::Status& status) { ADD_FAILURE() << status; };
    hooks.synced = [](std::uint64_t) {};
    thread_ = std::make_unique<CommitThread>(*db_, families_, limits_, std::move(hooks), probe_);
  }

  // Starts the thread and keeps it in the answer of a first commit of its own batch.
  void Hold() {
    Start();
    std::promise<void> reached;
    Commit commit{.urgency = Urgency::kPrompt, .changes = {}, .done = nullptr};
    commit.changes.push_back(Change::Put(Family::kMeta, "held", ""));
    commit.done = [&reached, gate = gate_.get_future().share()](absl::Status) {
      reached.set_value();
      gate.wait();
    };
    thread_->Add(std::move(commit));
    reached.get_future().wait();
    held_ = true;
  }

  void Release() {
    if (std::exchange(held_, false)) gate_.set_value();
  }

  std::future<absl::Status> Add(Urgency urgency, const std::string& key, std::size_t bytes = 10) {
    return AddChange(urgency, Change::Put(Family::kMessage, key, std::string(bytes, 'x')));
  }

  std::future<absl::Status> AddChange(Urgency urgency, Change change) {
    Commit commit{.urgency = urgency, .changes = {}, .done = nullptr};
    commit.changes.push_back(std::move(change));
    auto promise = std::make_shared<std::promise<absl::Status>>();
    auto future = promise->get_future();
    commit.done = [promise](absl::Status status) { promise->set_value(std::move(status)); };
    thread_->Add(std::move(commit));
    return future;
  }

  std::vector<std::future<absl::Status>> AddMany(int count, Urgency urgency, std::size_t bytes) {
    std::vector<std::future<absl::Status>> answers;
    for (int i = 0; i < count; ++i)
      answers.push_back(Add(urgency, "key" + std::to_string(i), bytes));
    return answers;
  }

  // Every answer is there and good.
  static bool AllKept(std::vector<std::future<absl::Status>>& answers) {
    return std::all_of(answers.begin(), answers.end(),
                       [](auto& answer) { return answer.get().ok(); });
  }

  bool Has(const std::string& key) {
    std::string value;
    return db_->Get(rocksdb::ReadOptions(), families_[1], key, &value).ok();
  }

  // Without the one of Hold.
  std::uint64_t batches() const { return probe_.commits() - 1; }

  std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  observe::Registry registry_;
  Probe probe_{registry_};
  CommitLimits limits_;
  std::uint64_t free_bytes_ = std::uint64_t{1} << 40;
  std::promise<void> gate_;
  bool held_ = false;
  std::unique_ptr<CommitThread> thread_;
};

TEST_F(CommitThreadTest, ManyWaitersShareOneBatchAndOneSync) {
  Hold();
  auto answers = AddMany(200, Urgency::kSynced, 100);
  Release();
  EXPECT_TRUE(AllKept(answers));
  EXPECT_EQ(batches(), 1u);
  EXPECT_EQ(probe_.syncs(), 1u);
}

TEST_F(CommitThreadTest, LazyOnesAloneAreNotSynced) {
  Hold();
  auto answers = AddMany(50, Urgency::kLazy, 100);
  Release();
  EXPECT_TRUE(AllKept(answers));
  EXPECT_EQ(batches(), 1u);
  EXPECT_EQ(probe_.syncs(), 0u);
}

TEST_F(CommitThreadTest, PromptOneIsWrittenAtOnceWithoutASync) {
  limits_.lazy_delay = absl::Hours(1);
  Start();
  EXPECT_TRUE(Add(Urgency::kPrompt, "key").get().ok());
  EXPECT_TRUE(Has("key"));
  EXPECT_EQ(probe_.syncs(), 0u);
}

TEST_F(CommitThreadTest, LazyOneRidesAlongWithTheNext) {
  limits_.lazy_delay = absl::Hours(1);
  Start();
  auto lazy = Add(Urgency::kLazy, "lazy");
  EXPECT_EQ(lazy.wait_for(std::chrono::milliseconds(5)), std::future_status::timeout);
  EXPECT_TRUE(Add(Urgency::kSynced, "synced").get().ok());
  EXPECT_TRUE(lazy.get().ok());
  EXPECT_EQ(probe_.commits(), 1u);
}

TEST_F(CommitThreadTest, LazyOneIsWrittenAfterItsDelay) {
  Start();
  EXPECT_TRUE(Add(Urgency::kLazy, "lazy").get().ok());
  EXPECT_TRUE(Has("lazy"));
}

TEST_F(CommitThreadTest, BatchHoldsAtMostAMebibyte) {
  Hold();
  auto answers = AddMany(8, Urgency::kSynced, 300 << 10);
  Release();
  EXPECT_TRUE(AllKept(answers));
  EXPECT_EQ(batches(), 3u);  // 3, 3 and 2 of them
  EXPECT_EQ(probe_.syncs(), 3u);
}

TEST_F(CommitThreadTest, LargerCommitHasABatchOfItsOwn) {
  Hold();
  auto before = Add(Urgency::kSynced, "before");
  auto large = Add(Urgency::kSynced, "large", 3 << 20);
  auto after = Add(Urgency::kSynced, "after");
  Release();
  EXPECT_TRUE(before.get().ok() && large.get().ok() && after.get().ok());
  EXPECT_EQ(batches(), 3u);
}

TEST_F(CommitThreadTest, LaterChangeOfAKeyWins) {
  Hold();
  auto put = Add(Urgency::kSynced, "key");
  auto removed = AddChange(Urgency::kLazy, Change::Delete(Family::kMessage, "key"));
  Release();
  EXPECT_TRUE(put.get().ok() && removed.get().ok());
  EXPECT_FALSE(Has("key"));
}

TEST_F(CommitThreadTest, AnswersComeInOrder) {
  Hold();
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    const Urgency urgency = i % 3 == 0 ? Urgency::kLazy : Urgency::kSynced;
    Commit commit{.urgency = urgency, .changes = {}, .done = nullptr};
    commit.changes.push_back(Change::Put(Family::kMessage, std::to_string(i), "x"));
    commit.done = [&order, i](absl::Status) { order.push_back(i); };
    thread_->Add(std::move(commit));
  }
  Release();
  thread_->Stop();
  EXPECT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(CommitThreadTest, TooMuchThatWaitsIsRefusedButRemovalsAreNot) {
  limits_.queue_bytes_max = 5000;
  Hold();
  auto kept = Add(Urgency::kSynced, "kept", 4000);
  auto refused = Add(Urgency::kSynced, "refused", 4000);
  auto chunk = Add(Urgency::kPrompt, "chunk", 4000);
  auto lazy = Add(Urgency::kLazy, "lazy", 4000);
  Release();
  EXPECT_TRUE(kept.get().ok() && lazy.get().ok());
  EXPECT_EQ(refused.get().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(chunk.get().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(Has("refused"));
}

TEST_F(CommitThreadTest, BelowTheReserveGoesWhatMakesRoom) {
  free_bytes_ = 0;
  limits_.disk_reserve = 1;
  Start();
  EXPECT_TRUE(absl::IsResourceExhausted(Add(Urgency::kSynced, "mail").get()));
  Commit commit{.urgency = Urgency::kSynced, .from_reserve = true, .changes = {}, .done = nullptr};
  commit.changes.push_back(Change::Put(Family::kMessage, "resumed", ""));
  std::promise<absl::Status> done;
  commit.done = [&done](absl::Status status) { done.set_value(std::move(status)); };
  thread_->Add(std::move(commit));
  EXPECT_TRUE(done.get_future().get().ok());
  EXPECT_TRUE(Has("resumed"));
}

TEST_F(CommitThreadTest, RoomIsBackWhenTheBatchIsWritten) {
  limits_.queue_bytes_max = 5000;
  Start();
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(Add(Urgency::kSynced, "key", 4000).get().ok());
}

TEST_F(CommitThreadTest, StopWritesWhatWaits) {
  limits_.lazy_delay = absl::Hours(1);
  Start();
  auto lazy = Add(Urgency::kLazy, "lazy");
  thread_->Stop();
  EXPECT_TRUE(lazy.get().ok());
  EXPECT_TRUE(Has("lazy"));
}

}  // namespace
}  // namespace postern::store
