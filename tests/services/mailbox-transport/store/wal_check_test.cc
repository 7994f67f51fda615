#include "services/mailbox-transport/store/wal_check.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"

#include "common/base/text.h"
#include "tests/support/store/wal_bytes.h"

namespace postern::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WalCheckTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(env_->CreateDirIfMissing("/wal").ok()); }

  void File(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(rocksdb::WriteStringToFile(env_.get(), bytes, "/wal/" + name).ok());
  }

  WalReport Check(const std::string& bytes) {
    File("000004.log", bytes);
    auto report = CheckWal(*env_, "/wal");
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : WalReport();
  }

  std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
};

TEST_F(WalCheckTest, EmptyFileHasNothing) {
  const WalReport report = Check("");
  EXPECT_EQ(report.last_sequence, 0u);
  EXPECT_THAT(report.damages, IsEmpty());
}

TEST_F(WalCheckTest, WholeBatchesAreRead) {
  const WalReport report = Check(WholeBatch(1, 3, 0) + WholeBatch(4, 2, 3));
  EXPECT_EQ(report.last_sequence, 5u);
  EXPECT_EQ(report.synced_sequence, 3u);
  EXPECT_THAT(report.damages, IsEmpty());
}

TEST_F(WalCheckTest, BatchWithoutChangesKeepsItsSequence) {
  EXPECT_EQ(Check(WholeBatch(9, 0, 8)).last_sequence, 9u);
}

TEST_F(WalCheckTest, BatchOfAnotherWriterProvesNothing) {
  std::string batch = WalBatch(1, 1, 77);
  batch[14] = 'X';
  EXPECT_EQ(Check(WalRecord(kWhole, batch)).synced_sequence, 0u);
}

TEST_F(WalCheckTest, FragmentsMakeOneBatch) {
  const std::string batch = WalBatch(1, 3, 1);
  const WalReport report =
      Check(WalRecord(kFirst, batch.substr(0, 5)) + WalRecord(kMiddle, batch.substr(5, 9)) +
            WalRecord(kLast, batch.substr(14)));
  EXPECT_EQ(report.last_sequence, 3u);
  EXPECT_EQ(report.synced_sequence, 1u);
  EXPECT_THAT(report.damages, IsEmpty());
}

TEST_F(WalCheckTest, RecycledRecordsAreRead) {
  EXPECT_EQ(Check(WalRecord(kWholeRecycled, WalBatch(1, 4, 0))).last_sequence, 4u);
}

TEST_F(WalCheckTest, ZerosAtTheEndOfABlockArePadding) {
  const std::string batch = WalBatch(1, 1, 0);
  const std::size_t room = 32 * 1024 - 7 - 4;  // leaves four bytes, too few for a record
  const std::string first = batch + std::string(room - batch.size(), 'x');
  const WalReport report =
      Check(WalRecord(kWhole, first) + std::string(4, '\0') + WholeBatch(2, 1, 1));
  EXPECT_THAT(report.damages, IsEmpty());
  EXPECT_EQ(report.last_sequence, 2u);
}

TEST_F(WalCheckTest, CutRecordIsDamageBehindTheLastWholeBatch) {
  const std::string whole = WholeBatch(1, 2, 0);
  const std::string cut = WholeBatch(3, 1, 2);
  const WalReport report = Check(whole + cut.substr(0, cut.size() - 1));
  ASSERT_THAT(report.damages, SizeIs(1));
  EXPECT_EQ(report.damages[0].offset, whole.size());
  EXPECT_EQ(report.damages[0].after_sequence, 2u);
  // What the torn batch would have proved is not proved.
  EXPECT_EQ(report.synced_sequence, 0u);
}

TEST_F(WalCheckTest, EveryCutIsFoundAndKeepsTheBatchBefore) {
  const std::string whole = WholeBatch(1, 2, 0);
  const std::string last = WholeBatch(3, 1, 2);
  for (std::size_t kept = 1; kept < last.size(); ++kept) {
    const WalReport report = Check(whole + last.substr(0, kept));
    ASSERT_THAT(report.damages, SizeIs(1)) << kept;
    ASSERT_EQ(report.last_sequence, 2u) << kept;
  }
}

TEST_F(WalCheckTest, EveryFlippedBitInTheMiddleIsFoundAndTheRestRead) {
  const std::string before = WholeBatch(1, 2, 0);
  const std::string after = WholeBatch(4, 1, 3);
  for (std::size_t bit = 0; bit < WholeBatch(3, 1, 2).size() * 8; ++bit) {
    std::string middle = WholeBatch(3, 1, 2);
    middle[bit / 8] = static_cast<char>(middle[bit / 8] ^ (1 << bit % 8));
    const WalReport report = Check(before + middle + after);
    ASSERT_THAT(report.damages, SizeIs(1)) << bit;
    ASSERT_EQ(report.damages[0].offset, before.size()) << bit;
    ASSERT_EQ(report.last_sequence, 4u) << bit;
    // The batch behind it proves that change 3, which cannot be read, was on disk.
    ASSERT_EQ(report.synced_sequence, 3u) << bit;
  }
}

TEST_F(WalCheckTest, FileThatEndsInsideABatchIsDamage) {
  const WalReport report = Check(WalRecord(kFirst, WalBatch(1, 1, 0)));
  ASSERT_THAT(report.damages, SizeIs(1));
  EXPECT_EQ(report.damages[0].what, "the log ends inside a batch");
}

TEST_F(WalCheckTest, MissingFragmentIsDamage) {
  const std::string begin = WalRecord(kFirst, WalBatch(1, 1, 0));
  EXPECT_THAT(Check(begin + WholeBatch(2, 1, 0)).damages, SizeIs(1));
  EXPECT_THAT(Check(WalRecord(kLast, "rest") + WholeBatch(2, 1, 0)).damages, SizeIs(1));
}

TEST_F(WalCheckTest, BatchShorterThanItsHeadIsDamage) {
  EXPECT_THAT(Check(WalRecord(kWhole, "short")).damages, SizeIs(1));
}

TEST_F(WalCheckTest, ZerosBehindTheLastBatchAreTheRestOfASpare) {
  const WalReport report = Check(WholeBatch(1, 2, 0) + std::string(100'000, '\0'));
  EXPECT_THAT(report.damages, IsEmpty());
  EXPECT_EQ(report.last_sequence, 2u);
  EXPECT_THAT(Check(std::string(100'000, '\0')).damages, IsEmpty());
}

TEST_F(WalCheckTest, ZerosBeforeABatchAreDamage) {
  const std::string first = WholeBatch(1, 2, 0);
  for (const std::size_t zeros : {40, 4096, 100'000}) {
    const WalReport report = Check(first + std::string(zeros, '\0') + WholeBatch(4, 1, 3));
    ASSERT_THAT(report.damages, SizeIs(1)) << zeros;
    EXPECT_EQ(report.damages[0].offset, first.size());
    EXPECT_EQ(report.damages[0].what, zeros < 100'000
                                          ? "a record is cut off or its checksum is wrong"
                                          : "zeros stand before a batch");
    EXPECT_EQ(report.last_sequence, 4u);
    EXPECT_EQ(report.synced_sequence, 3u);
  }
}

TEST_F(WalCheckTest, BatchThatGoesOnWithZerosIsCutOff) {
  const std::string begin = WalRecord(kFirst, WalBatch(1, 1, 0));
  const WalReport report = Check(begin + std::string(100'000, '\0'));
  ASSERT_THAT(report.damages, SizeIs(1));
  EXPECT_EQ(report.damages[0].offset, begin.size());
  EXPECT_EQ(report.damages[0].what, "the log ends inside a batch");
}

TEST_F(WalCheckTest, FilesAreReadInTheOrderOfTheirNumbers) {
  File("000010.log", WholeBatch(3, 1, 2));
  File("000009.log", WholeBatch(2, 1, 1) + "torn");
  File("notes.log", "not a log");
  const WalReport report = Check(WholeBatch(1, 1, 0) + "torn");
  EXPECT_THAT(report.files, ElementsAre("/wal/000004.log", "/wal/000009.log", "/wal/000010.log"));
  EXPECT_THAT(report.damages, SizeIs(2));
  EXPECT_EQ(report.last_sequence, 3u);
}

TEST_F(WalCheckTest, MissingFolderIsAnError) {
  EXPECT_FALSE(CheckWal(*env_, "/nowhere").ok());
}

}  // namespace
}  // namespace postern::store
