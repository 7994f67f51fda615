#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"

#include "common/base/text.h"
#include "services/mailbox-transport/store/database.h"
#include "services/mailbox-transport/store/salvage.h"
#include "services/mailbox-transport/store/value.h"
#include "tests/support/store/store_world.h"

namespace postern::store {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::SizeIs;

class DamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.Open().ok());
    first_ = world_.Put("first body");
    second_ = world_.Put("second body");
    third_ = world_.Put("third body");
  }

  // Messages lie in table files, not in the log, after an orderly start.
  void IntoTables() {
    world_.Close();
    ASSERT_TRUE(world_.Open().ok());
    world_.Close();
  }

  // Opens and expects the refusal, with these words, and that nothing was changed.
  void Refuses(const std::vector<std::string>& words) {
    const std::string before = world_.Fingerprint();
    const absl::Status status = world_.Open();
    ASSERT_FALSE(status.ok());
    for (const std::string& word : words)
      EXPECT_THAT(std::string(base::MessageOf(status)), HasSubstr(word));
    EXPECT_THAT(std::string(base::MessageOf(status)), HasSubstr(world_.path()));
    EXPECT_EQ(world_.Fingerprint(), before);
  }

  // Writes a raw value past all checks.
  void Overwrite(std::size_t family, const std::string& key, const std::string& value) {
    world_.Close();
    rocksdb::DB* raw = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    ASSERT_TRUE(rocksdb::DB::Open(DatabaseOptions(world_.settings, *rocksdb::Env::Default()),
                                  world_.path(), FamilyDescriptors(world_.settings), &families,
                                  &raw)
                    .ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    EXPECT_TRUE(db->Put(rocksdb::WriteOptions(), families[family], key, value).ok());
    for (auto* handle : families)
      EXPECT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  }

  SalvageReport SalvageAll() {
    out_ = world_.path() + ".out";
    auto report = Salvage(world_.path(), out_);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : SalvageReport();
  }

  std::string Salvaged(base::MessageId id) {
    return FileText(base::Cat(out_, "/", id.ToString(), ".eml"));
  }

  StoreWorld world_;
  base::MessageId first_, second_, third_;
  std::string out_;
};

TEST_F(DamageTest, DamagedMessageIsSetAsideAndTheRestServed) {
  std::string value = MakeValue(second_.ToKey(), "x");
  value.back() = 'y';
  Overwrite(1, second_.ToKey(), value);
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_THAT(Scanned(*world_), AllOf(SizeIs(2), Not(Contains(Key(second_)))));
  EXPECT_EQ(world_->probe().set_aside(), 1u);
  EXPECT_EQ(world_->Load(second_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(DamageTest, ValueUnderAWrongKeyIsSetAside) {
  Overwrite(1, second_.ToKey(), MakeValue(first_.ToKey(), "x"));
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_THAT(Scanned(*world_), Not(Contains(Key(second_))));
}

TEST_F(DamageTest, DamagedChunkIsToldAndTheRestServed) {
  Overwrite(2, ChunkKey(first_, 0), "nonsense");
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_EQ(world_->LoadChunk(first_, 0).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(BodyOf(*world_, second_), "second body");
}

TEST_F(DamageTest, DamagedBlockOfATableIsSetAsideAndTheRestServed) {
  for (int i = 0; i < 400; ++i)
    world_.Put("filler");
  IntoTables();
  bool flipped = false;
  for (const std::string& table : world_.Files(".sst")) {
    // The first block of the table with the messages holds the first message.
    flipped |= StoreWorld::FlipIn(table, base::Cat("<", second_.ToString(), "@example.test>"));
  }
  ASSERT_TRUE(flipped);
  ASSERT_TRUE(world_.Open().ok());
  const auto found = Scanned(*world_);
  EXPECT_THAT(found, Not(Contains(Key(second_))));
  EXPECT_GT(found.size(), 300u);
  EXPECT_EQ(world_->probe().set_aside(), 1u);
}

TEST_F(DamageTest, MiddleOfTheLogIsRefusedWithFileAndOffset) {
  world_.Kill();
  const std::string log = world_.Files(".log").back();
  ASSERT_TRUE(StoreWorld::FlipIn(log, "second body"));
  Refuses({log, "offset", "Salvage-Store", "damaged"});
}

TEST_F(DamageTest, MiddleOfTheLogIsRefusedWithoutTheInHandTableToo) {
  world_.Kill();
  std::filesystem::remove(world_.path() + "/postern.in-hand");
  const std::string log = world_.Files(".log").back();
  ASSERT_TRUE(StoreWorld::FlipIn(log, "second body"));
  Refuses({log, "offset"});
}

TEST_F(DamageTest, LastSyncedBatchOfTheLogIsRefused) {
  world_.Kill();
  ASSERT_TRUE(StoreWorld::FlipIn(world_.Files(".log").back(), "third body"));
  Refuses({"offset"});
}

TEST_F(DamageTest, TornTailOfTheLogIsNormal) {
  world_.Kill();
  const std::string log = world_.Files(".log").back();
  std::ofstream(log, std::ios::binary | std::ios::app) << std::string(100, '\x17');
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_THAT(Scanned(*world_), SizeIs(3));
}

TEST_F(DamageTest, UnsyncedBatchAtTheEndMayBeTorn) {
  ASSERT_TRUE(PutChunk(*world_, world_->NextId(), 0, "never acknowledged").ok());
  world_.Kill();
  ASSERT_TRUE(StoreWorld::FlipIn(world_.Files(".log").back(), "never acknowledged"));
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_THAT(Scanned(*world_), SizeIs(3));
}

TEST_F(DamageTest, CutLogIsRefused) {
  world_.Kill();
  const std::string log = world_.Files(".log").back();
  std::filesystem::resize_file(log, FileText(log).find("second body"));
  Refuses({"were on disk and cannot be read"});
}

TEST_F(DamageTest, MissingCurrentIsRefused) {
  world_.Close();
  std::filesystem::remove(world_.path() + "/CURRENT");
  Refuses({"CURRENT is missing"});
}

TEST_F(DamageTest, DamagedCurrentIsRefused) {
  world_.Close();
  StoreWorld::FlipByte(world_.path() + "/CURRENT", 0);
  Refuses({"manifest"});
}

TEST_F(DamageTest, DamagedManifestIsRefused) {
  world_.Close();
  for (const auto& file : std::filesystem::directory_iterator(world_.path())) {
    const std::string path = file.path().string();
    if (path.find("MANIFEST-") != std::string::npos) StoreWorld::FlipByte(path, 20);
  }
  Refuses({"cannot be"});
}

TEST_F(DamageTest, NewerFormatIsRefused) {
  Overwrite(3, "format", MakeValue("format", "2 some-id"));
  Refuses({"format version 2", "reads version 1", "start the program that wrote it"});
}

TEST_F(DamageTest, DamagedFormatIsRefused) {
  Overwrite(3, "format", "\x01nonsense");
  Refuses({"format version is damaged"});
}

TEST_F(DamageTest, ForeignFolderIsRefused) {
  world_.Close();
  std::filesystem::remove_all(world_.path());
  std::filesystem::create_directory(world_.path());
  std::ofstream(world_.path() + "/holiday.jpg") << "picture";
  Refuses({"holiday.jpg", "empty folder"});
}

TEST_F(DamageTest, ForeignRocksDbIsRefused) {
  world_.Close();
  std::filesystem::remove_all(world_.path());
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, world_.path(), &raw).ok());
  delete raw;
  Refuses({"another program"});
}

TEST_F(DamageTest, DamagedInHandTablePutsEveryMessageInHand) {
  world_.Close();
  StoreWorld::FlipByte(world_.path() + "/postern.in-hand", 0);
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_TRUE(Scanned(*world_)[first_]);
}

TEST_F(DamageTest, InterruptedMakingStartsAnew) {
  world_.Close();
  std::filesystem::remove_all(world_.path());
  std::filesystem::create_directory(world_.path());
  std::ofstream(world_.path() + "/postern.creating").close();
  std::ofstream(world_.path() + "/MANIFEST-000001") << "half";
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_NE(world_.Put("body"), base::MessageId());
}

TEST_F(DamageTest, LeftOverMarkOfMakingNeverRemovesAStore) {
  world_.Close();
  std::ofstream(world_.path() + "/postern.creating").close();
  ASSERT_TRUE(world_.Open().ok());
  EXPECT_THAT(Scanned(*world_), SizeIs(3));
}

TEST_F(DamageTest, SalvageReadsAWholeStoreAndLeavesItAsItIs) {
  world_.Close();
  const std::string before = world_.Fingerprint();
  EXPECT_EQ(SalvageAll().messages, 3u);
  EXPECT_EQ(Salvaged(second_), "second body");
  EXPECT_THAT(FileText(base::Cat(out_, "/", first_.ToString(), ".json")),
              HasSubstr("\"address\": \"bob0@example.test\""));
  EXPECT_EQ(world_.Fingerprint(), before);
}

TEST_F(DamageTest, SalvageReadsBehindADamagedLog) {
  world_.Kill();
  ASSERT_TRUE(StoreWorld::FlipIn(world_.Files(".log").back(), "second body"));
  const std::string before = world_.Fingerprint();
  EXPECT_EQ(SalvageAll().messages, 2u);
  EXPECT_EQ(Salvaged(third_), "third body");
  EXPECT_EQ(world_.Fingerprint(), before);
}

TEST_F(DamageTest, SalvageReadsWithoutAManifest) {
  IntoTables();
  ASSERT_TRUE(world_.Open().ok());
  const base::MessageId in_the_log = world_.Put("in the log");
  world_.Kill();
  std::filesystem::remove(world_.path() + "/CURRENT");
  const SalvageReport report = SalvageAll();
  EXPECT_TRUE(report.rebuilt);
  EXPECT_EQ(report.messages, 4u);
  EXPECT_EQ(Salvaged(first_), "first body");
  EXPECT_EQ(Salvaged(in_the_log), "in the log");
}

TEST_F(DamageTest, SalvageKeepsARecordThatIsNoMessage) {
  Overwrite(1, second_.ToKey(), "nonsense");
  const SalvageReport report = SalvageAll();
  EXPECT_EQ(report.messages, 2u);
  EXPECT_EQ(report.unreadable, 1u);
  EXPECT_EQ(FileText(out_ + "/1.record"), "nonsense");
}

TEST_F(DamageTest, SalvageTellsAMissingPartOfABody) {
  Overwrite(2, ChunkKey(first_, 0), "nonsense");
  EXPECT_EQ(SalvageAll().incomplete, 1u);
}

TEST_F(DamageTest, SalvageRefusesAStoreInUseAndAFolderInTheStore) {
  out_ = world_.path() + ".out";
  EXPECT_EQ(Salvage(world_.path(), out_).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Salvage(world_.path(), world_.path() + "/out").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Salvage("/nowhere", out_).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace postern::store
