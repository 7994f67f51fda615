#include "services/mailbox-transport/store/in_hand.h"

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

namespace postern::store {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class InHandTableTest : public ::testing::Test {
 protected:
  InHandTableTest() {
    std::string pattern = "/tmp/postern-in-hand-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }

  ~InHandTableTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<InHandTable> Open(const std::string& boot = "boot",
                                    const std::string& database = "database") {
    auto table = InHandTable::Open(folder_ + "/table", database, boot, 1024);
    EXPECT_TRUE(table.ok()) << table.status();
    return std::move(*table);
  }

  std::string folder_;
  const base::MessageId one_{1}, two_{2};
};

TEST_F(InHandTableTest, NewTableFindsNothing) {
  const auto table = Open();
  EXPECT_THAT(table->found().marked, IsEmpty());
  EXPECT_FALSE(table->found().everything);
}

TEST_F(InHandTableTest, MarksAreFoundUntilTheyAreForgotten) {
  auto table = Open();
  table->Mark(one_);
  table->Mark(two_);
  table->Clear(two_);
  table = Open();
  EXPECT_THAT(table->found().marked, UnorderedElementsAre(one_));
  table = Open();
  EXPECT_THAT(table->found().marked, UnorderedElementsAre(one_));
  table->Forget();
  table = Open();
  EXPECT_THAT(table->found().marked, IsEmpty());
}

TEST_F(InHandTableTest, AMessageThatWasMarkedTwiceIsForgottenAtOnce) {
  auto table = Open();
  table->Mark(one_);
  table->Mark(one_);
  table = Open();
  table->Forget();
  table = Open();
  EXPECT_THAT(table->found().marked, IsEmpty());
}

TEST_F(InHandTableTest, ForgettingKeepsNewMarks) {
  auto table = Open();
  table->Mark(one_);
  table = Open();
  table->Mark(two_);
  table->Forget();
  table = Open();
  EXPECT_THAT(table->found().marked, UnorderedElementsAre(two_));
}

TEST_F(InHandTableTest, OtherStoreAndOtherBootMeanEverything) {
  Open();
  EXPECT_TRUE(Open("boot", "other database")->found().everything);
  EXPECT_TRUE(Open("other boot", "other database")->found().everything);
}

TEST_F(InHandTableTest, SyncedSequenceComesBackForItsOwnStore) {
  Open()->NoteSynced(42);
  EXPECT_EQ(InHandTable::Read(folder_ + "/table", "boot").synced_sequence, 42u);
  Open("boot", "other database");
  EXPECT_EQ(InHandTable::Read(folder_ + "/table", "boot").synced_sequence, 0u);
}

TEST_F(InHandTableTest, CutFileMeansEverything) {
  Open();
  std::filesystem::resize_file(folder_ + "/table", 5000);
  EXPECT_TRUE(Open()->found().everything);
}

TEST_F(InHandTableTest, ThreadsDoNotLoseMarks) {
  auto table = Open();
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&table, t] {
      for (std::uint64_t i = 0; i < 10000; ++i) {
        table->Mark(base::MessageId{1000 + t});
        table->Clear(base::MessageId{1000 + t});
      }
      table->Mark(base::MessageId{2000 + t});
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  table = Open();
  EXPECT_EQ(table->found().marked.size(), 4u);
}

}  // namespace
}  // namespace postern::store
