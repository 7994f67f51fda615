#include <cstdio>
#include <fstream>
#include <thread>

#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include <stdlib.h>

#include "common/base/text.h"
#include "tests/support/store/power_cut_fs.h"
#include "tests/support/store/store_world.h"

namespace postern::store {
namespace {

std::string BodyFor(base::MessageId id, std::size_t bytes) {
  std::string body = base::Cat("body of ", id.ToString(), "\r\n");
  while (body.size() < bytes)
    body.append(body.substr(0, bytes - body.size()));
  return body;
}

// One machine: messages go in from two threads until the power is cut, again and again.
class PowerCutMachine {
 public:
  PowerCutMachine(std::uint64_t seed, bool without_sync) : random_(seed) {
    world_.seams.env = env_.get();
    world_.seams.unsafe_no_sync_for_tests = without_sync;
    world_.settings.disk_check_interval.value = absl::Seconds(60);
    world_.settings.log_bytes_max.value = {kMiB};  // so that flushes and log changes are cut, too
    world_.settings.write_buffers.value = {2 * kMiB};
    world_.settings.spare_log_rate.value = {1024 * kMiB};
  }

  // False when the store does not open any more.
  bool RunOnce() {
    fs_->CutAfter(0);
    LeaveSpare();
    opened_ = world_.Open();
    if (!opened_.ok()) return false;
    Count();
    fs_->CutAfter(1 + random_.Below(120));
    std::thread other([this, seed = random_.Next()] { Write(seed); });
    Write(random_.Next());
    other.join();
    world_.Close();
    fs_->Restore(random_);
    // The in-hand table is mapped: what of it reached the disk is open, too.
    if (random_.Below(2) == 0) std::filesystem::remove(world_.path() + "/postern.in-hand");
    return true;
  }

  // Cuts may come while the store opens, too.
  void CutWhileOpening() {
    LeaveSpare();
    fs_->CutAfter(1 + random_.Below(60));
    world_.Open().IgnoreError();  // the cut decides
    world_.Close();
    fs_->Restore(random_);
  }

  std::uint64_t lost() const { return lost_; }

  std::uint64_t receipts() const { return receipts_; }

  const absl::Status& opened() const { return opened_; }

 private:
  // As a process leaves it that had one ready: the log that the next one begins is written over it.
  void LeaveSpare() {
    if (random_.Below(2) == 0 || !std::filesystem::exists(world_.path())) return;
    std::ofstream(world_.path() + "/postern.spare-log")
        << std::string(SpareLogBytes(world_.settings), '\0');
  }

  void Write(std::uint64_t seed) {
    base::SeededRandom random(seed);
    while (!fs_->cut()) {
      const base::MessageId id = world_->NextId();
      auto message = MessageWith(id, BodyFor(id, 1 + random.Below(8000)));
      const std::size_t size = message->size;
      if (random.Below(4) == 0) {
        world_->PutChunk(id, 0, *message->body, [](absl::Status) {});
        message->body = nullptr;
        message->chunks = 1;
      }
      // Behind a cut nobody is answered, so this asks rather than waits.
      auto answer = std::make_shared<std::atomic<int>>(0);
      world_->Put(message, [answer](absl::Status s) { *answer = s.ok() ? 1 : 2; });
      while (*answer == 0 && !fs_->cut())
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      if (*answer != 1) return;
      const std::lock_guard lock(mutex_);
      ++receipts_;
      expected_[id] = size;
      if (random.Below(3) == 0) {
        // Whether a removal lasts is open: it must not be synced to be right.
        expected_.erase(id);
        model::Settlement settlement;
        settlement.message = Delivered(message);
        world_->Settle(std::move(settlement));
      }
    }
  }

  void Count() {
    const auto found = Scanned(*world_);
    for (const auto& [id, size] : expected_) {
      if (!found.contains(id) || BodyOf(*world_, id) != BodyFor(id, size)) ++lost_;
    }
    // The next round begins with what is there, so that each round costs the same.
    expected_.clear();
    for (const auto& [id, in_hand] : found) {
      auto message = world_->Load(id);
      if (!message.ok()) continue;
      // Also what had no receipt is there whole or not at all.
      if (BodyOf(*world_, id) != BodyFor(id, message->size)) ++lost_;
      model::Settlement settlement;
      settlement.message = Delivered(std::make_shared<model::Message>(std::move(*message)));
      world_->Settle(std::move(settlement));
    }
  }

  base::SeededRandom random_;
  std::shared_ptr<PowerCutFs> fs_ = std::make_shared<PowerCutFs>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(fs_);
  StoreWorld world_;
  std::mutex mutex_;
  std::map<base::MessageId, std::size_t> expected_;
  std::uint64_t receipts_ = 0;
  std::uint64_t lost_ = 0;
  absl::Status opened_;
};

int Cuts() {
  const char* text = getenv("POSTERN_CUTS");
  return text == nullptr ? 100 : atoi(text);
}

TEST(PowerCutTest, EveryReceiptHasItsMessageAfterTheCut) {
  PowerCutMachine machine(20261123, false);
  for (int cut = 0; cut < Cuts(); ++cut) {
    ASSERT_TRUE(machine.RunOnce()) << "cut " << cut << ": " << machine.opened();
    if (cut % 5 == 4) machine.CutWhileOpening();
  }
  printf("power cuts: %d, receipts: %llu, lost: %llu\n", Cuts(),
         static_cast<unsigned long long>(machine.receipts()),
         static_cast<unsigned long long>(machine.lost()));
  EXPECT_GT(machine.receipts(), static_cast<std::uint64_t>(Cuts()));
  EXPECT_EQ(machine.lost(), 0u);
}

TEST(PowerCutTest, WithoutTheSyncTheLossIsFound) {
  std::uint64_t refused = 0;
  std::uint64_t lost = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PowerCutMachine machine(seed, true);
    machine.RunOnce();
    if (!machine.RunOnce()) ++refused;
    lost += machine.lost();
  }
  printf("without the sync: lost messages %llu, stores that refuse to open %llu of 10\n",
         static_cast<unsigned long long>(lost), static_cast<unsigned long long>(refused));
  EXPECT_GT(lost, 0u);
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace postern::store
