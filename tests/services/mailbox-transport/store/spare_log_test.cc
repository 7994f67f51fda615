#include "services/mailbox-transport/store/spare_log.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include <stdlib.h>

#include "tests/support/await.h"
#include "tests/support/store/power_cut_fs.h"
#include "tests/support/store/store_world.h"

namespace postern::store {
namespace {

namespace disk = std::filesystem;

bool Appears(const std::string& file) {
  return testing::Soon([&] { return disk::exists(file); });
}

class SpareLogTest : public ::testing::Test {
 protected:
  SpareLogTest() {
    std::string pattern = "/tmp/postern-spare-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    spare_ = folder_ + "/postern.spare-log";
    plan_.folder = folder_;
    plan_.bytes_max = 327'680;
    plan_.bytes_per_second = 1 << 30;
    plan_.room = [this] {
      ++room_asked_;
      return room_.load();
    };
    plan_.written = [this] {
      ++written_asked_;
      return written_.load();
    };
    written_ = plan_.bytes_max;
    plan_.began_log = [this](bool spare) { began_.push_back(spare); };
  }

  ~SpareLogTest() override { disk::remove_all(folder_); }

  std::unique_ptr<SpareLog> Make() { return std::make_unique<SpareLog>(fs_, plan_); }

  bool Appears() const { return store::Appears(spare_); }

  bool NothingOfASpare() const {
    return !disk::exists(spare_) && !disk::exists(spare_ + ".making");
  }

  // A log with `text`; its file is closed in order only when `close` says so.
  std::string Log(SpareLog& logs, const std::string& name, const std::string& text, bool close) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    const std::string path = folder_ + "/" + name;
    EXPECT_TRUE(logs.NewWritableFile(path, {}, &file, nullptr).ok());
    file->SetPreallocationBlockSize(4096);
    file->PrepareWrite(0, text.size(), {}, nullptr);
    EXPECT_TRUE(file->Append(text, {}, nullptr).ok() && file->Sync({}, nullptr).ok());
    if (close) file->Close({}, nullptr).PermitUncheckedError();
    written_ += plan_.bytes_max;
    return FileText(path);
  }

  std::shared_ptr<PowerCutFs> fs_ = std::make_shared<PowerCutFs>();
  SpareLogPlan plan_;
  std::string folder_;
  std::string spare_;
  std::atomic<std::uint64_t> room_ = 1 << 30;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<int> room_asked_ = 0;
  std::atomic<int> written_asked_ = 0;
  std::vector<bool> began_;
};

TEST_F(SpareLogTest, NextLogIsWrittenOverZerosAndAnotherSpareIsMade) {
  const auto logs = Make();
  EXPECT_EQ(Log(*logs, "1.log", "first", true), "first");
  logs->Start();
  ASSERT_TRUE(Appears());
  EXPECT_EQ(disk::file_size(spare_), plan_.bytes_max);
  const std::string text = Log(*logs, "2.log", "second", false);
  EXPECT_EQ(text, "second" + std::string(plan_.bytes_max - 6, '\0'));
  ASSERT_TRUE(Appears());
  EXPECT_EQ(began_, std::vector<bool>({false, true}));
}

TEST_F(SpareLogTest, LogThatIsClosedHasOnlyWhatWasWritten) {
  const auto logs = Make();
  logs->Start();
  ASSERT_TRUE(Appears());
  Log(*logs, "1.log", "text", true);
  EXPECT_EQ(disk::file_size(folder_ + "/1.log"), 4u);
}

TEST_F(SpareLogTest, OtherFilesDoNotTakeIt) {
  const auto logs = Make();
  logs->Start();
  ASSERT_TRUE(Appears());
  EXPECT_EQ(Log(*logs, "1.sst", "table", true), "table");
  EXPECT_TRUE(disk::exists(spare_));
}

TEST_F(SpareLogTest, SpareOfTheLastProcessIsTakenWhenItIsAllZeros) {
  {
    const auto logs = Make();
    logs->Start();
    ASSERT_TRUE(Appears());
  }
  EXPECT_TRUE(disk::exists(spare_));
  Log(*Make(), "1.log", "text", true);
  EXPECT_FALSE(disk::exists(spare_));
  std::ofstream(spare_) << std::string(200'000, '\0') << "a record of another log";
  EXPECT_EQ(Log(*Make(), "2.log", "text", false), "text");
  EXPECT_FALSE(disk::exists(spare_));
  EXPECT_EQ(began_, std::vector<bool>({true, false}));
}

TEST_F(SpareLogTest, SpareIsAsLongAsTheLastLog) {
  const auto logs = Make();
  Log(*logs, "1.log", "text", true);
  written_ -= plan_.bytes_max - 150'000;
  Log(*logs, "2.log", "text", true);
  logs->Start();
  ASSERT_TRUE(Appears());
  EXPECT_GT(disk::file_size(spare_), 150'000u);
  EXPECT_LT(disk::file_size(spare_), plan_.bytes_max);
  EXPECT_EQ(disk::file_size(spare_) % 32768, 0u);
}

TEST_F(SpareLogTest, SpareIsGivenBackWhenTheDiskIsShortOfSpace) {
  const auto logs = Make();
  logs->Start();
  ASSERT_TRUE(Appears());
  room_ = 0;
  EXPECT_TRUE(testing::Soon([this] { return !disk::exists(spare_); }));
}

TEST_F(SpareLogTest, IdleStoreHasNone) {
  written_ = 0;
  const auto logs = Make();
  logs->Start();
  // The second time there would be one, and it would not ask.
  EXPECT_TRUE(testing::Soon([this] { return written_asked_ >= 2; }));
  logs->Stop();
  EXPECT_TRUE(NothingOfASpare());
}

TEST_F(SpareLogTest, WithoutRoomLogsGrow) {
  room_ = 8 * plan_.bytes_max - 1;
  const auto logs = Make();
  logs->Start();
  EXPECT_TRUE(testing::Soon([this] { return room_asked_ > 0 && NothingOfASpare(); }));
  logs->Stop();
  EXPECT_TRUE(NothingOfASpare());
  EXPECT_EQ(Log(*logs, "1.log", "text", true), "text");
}

TEST_F(SpareLogTest, FullDiskLeavesNothingHalfMade) {
  fs_->FillDisk(true);
  const auto logs = Make();
  logs->Start();
  // From here on it is made, and not stopped before the first write of it.
  EXPECT_TRUE(testing::Soon([this] { return written_asked_ > 0 && NothingOfASpare(); }));
  logs->Stop();
  EXPECT_TRUE(NothingOfASpare());
}

TEST_F(SpareLogTest, StopDoesNotWaitForASpareAndLeavesNothingHalfMade) {
  plan_.bytes_max = 100 << 20;
  plan_.bytes_per_second = 1 << 20;
  written_ = plan_.bytes_max;
  const auto logs = Make();
  logs->Start();
  ASSERT_TRUE(store::Appears(spare_ + ".making"));
  const auto begun = std::chrono::steady_clock::now();
  logs->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
  EXPECT_TRUE(NothingOfASpare());
}

TEST_F(SpareLogTest, AtRateZeroNoneIsMadeAndNoneTaken) {
  plan_.bytes_per_second = 0;
  std::ofstream(spare_) << std::string(plan_.bytes_max, '\0');
  const auto logs = Make();
  logs->Start();
  EXPECT_EQ(Log(*logs, "1.log", "text", true), "text");
  EXPECT_TRUE(NothingOfASpare());
}

// The power goes between the sync of the records and that of the folder, at each operation in turn.
TEST_F(SpareLogTest, SpareNeverHasRecordsAfterAPowerCut) {
  base::SeededRandom random(7);
  for (std::uint64_t cut = 1; cut < 12; ++cut) {
    {
      const auto logs = Make();
      logs->Start();
      ASSERT_TRUE(Appears());
      logs->Stop();
      fs_->CutAfter(cut);
      std::unique_ptr<rocksdb::FSWritableFile> file;
      if (logs->NewWritableFile(folder_ + "/1.log", {}, &file, nullptr).ok() &&
          file->Append("records", {}, nullptr).ok()) {
        file->Sync({}, nullptr).PermitUncheckedError();
      }
    }
    fs_->Restore(random);
    if (!disk::exists(spare_)) continue;
    const std::string text = FileText(spare_);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\0'), std::ssize(text)) << cut;
  }
}

TEST(SpareLogStoreTest, LogsOfAStoreAreWrittenOverSparesAndRead) {
  StoreWorld world;
  world.settings.spare_log_rate.value = {1024 * kMiB};
  world.seams.free_bytes = [] { return 1024 * kMiB; };
  ASSERT_TRUE(world.Open().ok());
  const std::string body(200'000, 'x');
  for (int life = 0; life < 3; ++life) {
    for (int i = 0; i < 4; ++i)
      EXPECT_NE(world.Put(body).value, 0u);
    ASSERT_TRUE(Appears(world.path() + "/postern.spare-log"));
    EXPECT_NE(world.Put(body).value, 0u);
    world.Kill();
    ASSERT_TRUE(world.Open().ok());
    ASSERT_EQ(world.Files(".log").size(), 1u);
    EXPECT_EQ(disk::file_size(world.Files(".log").front()), SpareLogBytes(world.settings));
    EXPECT_EQ(Scanned(*world).size(), 5 * (static_cast<std::size_t>(life) + 1));
  }
}

}  // namespace
}  // namespace postern::store
