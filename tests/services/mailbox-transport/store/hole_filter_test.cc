#include "services/mailbox-transport/store/hole_filter.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"

#include "services/mailbox-transport/store/commit_thread.h"
#include "services/mailbox-transport/store/wal_check.h"
#include "tests/support/store/store_world.h"
#include "tests/support/store/wal_bytes.h"

namespace postern::store {
namespace {

using ::testing::HasSubstr;
using Option = rocksdb::WalFilter::WalProcessingOption;

Option Asked(HoleFilter& filter,
             std::uint64_t first,
             std::uint32_t count,
             std::uint64_t synced,
             std::uint64_t log = 4) {
  return filter.LogRecordFound(log, "", rocksdb::WriteBatch(WalBatch(first, count, synced)),
                               nullptr, nullptr);
}

TEST(HoleFilterTest, BatchesThatFollowEachOtherAreRead) {
  HoleFilter filter;
  EXPECT_EQ(Asked(filter, 100, 3, 0), Option::kContinueProcessing);
  EXPECT_EQ(Asked(filter, 103, 0, 102), Option::kContinueProcessing);
  EXPECT_EQ(Asked(filter, 103, 2, 102), Option::kContinueProcessing);
  EXPECT_EQ(Asked(filter, 103, 2, 102), Option::kContinueProcessing);  // of a log read twice
  EXPECT_EQ(Asked(filter, 105, 1, 102, 9), Option::kContinueProcessing);
}

TEST(HoleFilterTest, BatchBehindAHoleIsDamageUntilTheMissingOneComes) {
  HoleFilter filter;
  EXPECT_EQ(Asked(filter, 100, 3, 0), Option::kContinueProcessing);
  EXPECT_EQ(Asked(filter, 105, 1, 99), Option::kCorruptedRecord);
  EXPECT_EQ(Asked(filter, 106, 1, 105, 9), Option::kCorruptedRecord);
  EXPECT_EQ(Asked(filter, 103, 1, 99, 9), Option::kContinueProcessing);
}

TEST(HoleFilterTest, TheMarkOfAResumptionIsNotMissing) {
  HoleFilter filter;
  EXPECT_EQ(Asked(filter, 100, 3, 0), Option::kContinueProcessing);
  EXPECT_EQ(Asked(filter, 104, 1, 102), Option::kCorruptedRecord);  // in the same log
  EXPECT_EQ(Asked(filter, 104, 1, 101, 9), Option::kCorruptedRecord);
  EXPECT_EQ(Asked(filter, 104, 1, 102, 9), Option::kContinueProcessing);
  EXPECT_EQ(Asked(filter, 106, 1, 104, 9), Option::kCorruptedRecord);
}

// A store that was killed, and whose log is laid out anew: what RocksDB then reads is what counts.
class HoleInStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.Open().ok());
    for (int i = 0; i < 4; ++i)
      world_.Put("body");
    world_.Kill();
    const std::string log = world_.Files(".log").back();
    WalVisitor visitor;
    visitor.batch = [this](const std::string&, std::string_view batch) {
      batches_.emplace_back(batch);
    };
    ASSERT_TRUE(ReadWal(*rocksdb::Env::Default(), log, visitor).ok());
    ASSERT_GE(batches_.size(), 5u);
    log_ = log;
  }

  // The batches but one, with zeros to the end of its block where that one was; with two files,
  // what comes behind it is in a log of its own.
  void Without(std::size_t missing, bool two_files) {
    std::string bytes;
    std::string second;
    for (std::size_t i = 0; i < batches_.size(); ++i) {
      std::string& to = two_files && i > missing ? second : bytes;
      if (i != missing) to += WalRecord(kWhole, batches_[i]);
      if (i == missing) to.resize((to.size() / 32768 + 1) * 32768, '\0');
    }
    std::ofstream(log_, std::ios::binary) << bytes;
    if (two_files) std::ofstream(world_.path() + "/000999.log", std::ios::binary) << second;
  }

  // As if nothing had been synced: then what is missing was never promised.
  void ForgetSyncs() {
    for (std::string& batch : batches_)
      if (HeadOf(batch).synced > 0) batch.replace(18, 8, std::string(8, '\0'));
    std::filesystem::remove(world_.path() + "/postern.in-hand");
  }

  StoreWorld world_;
  std::string log_;
  std::vector<std::string> batches_;
};

TEST_F(HoleInStoreTest, WholeLogIsRead) {
  Without(batches_.size(), false);
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_EQ(Scanned(*world_).size(), 4u);
}

TEST_F(HoleInStoreTest, HoleInWhatWasSyncedIsRefused) {
  for (const bool two_files : {false, true}) {
    Without(batches_.size() - 3, two_files);
    const absl::Status opened = world_.Open();
    ASSERT_FALSE(opened.ok()) << two_files;
    EXPECT_THAT(std::string(opened.message()), HasSubstr("were on disk and cannot be read"));
  }
}

TEST_F(HoleInStoreTest, WhatIsBehindAHoleInUnsyncedDataIsDropped) {
  ForgetSyncs();
  Without(batches_.size() - 2, false);
  const absl::Status opened = world_.Open();
  ASSERT_TRUE(opened.ok()) << opened;
  EXPECT_EQ(Scanned(*world_).size(), 2u);
}

TEST_F(HoleInStoreTest, SoIsALogBehindOneWithAHole) {
  ForgetSyncs();
  Without(batches_.size() - 2, true);
  const absl::Status opened = world_.Open();
  ASSERT_TRUE(opened.ok()) << opened;
  EXPECT_EQ(Scanned(*world_).size(), 2u);
  world_.Put("another");
  world_.Kill();
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_EQ(Scanned(*world_).size(), 3u);
}

}  // namespace
}  // namespace postern::store
