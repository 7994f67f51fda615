// tests/support/store/store_world.h
//
// StoreWorld: a RocksStore in a folder of its own, which can be closed, killed and damaged.
//
// Flow      world.Open(); world->...; Close() or Kill(); FlipByte(...); Open() again.

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/observe/metrics.h"
#include "services/mailbox-transport/store/rocks_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/store/verbs.h"

namespace postern::store {

std::string FileText(const std::filesystem::path& file);

class StoreWorld {
 public:
  // Memory is quicker than the disk, and what is tested does not depend on either.
  explicit StoreWorld(const std::string& parent = "/dev/shm");
  ~StoreWorld();

  absl::Status Open();
  void Close();
  // As SIGKILL leaves it: the files as they are now, without any of the closing work.
  void Kill();

  RocksStore* operator->() { return store_.get(); }

  RocksStore& operator*() { return *store_; }

  // Puts a new message, waits, gives its id; the id is 0 when that failed.
  base::MessageId Put(std::string body);

  const std::string& path() const { return *settings.path; }

  // The store's files with this ending, oldest first.
  std::vector<std::string> Files(const std::string& ending) const;
  // Sizes and contents of all files but the lock, to tell whether anything was changed.
  std::string Fingerprint() const;

  static void FlipByte(const std::string& file, std::uint64_t offset);
  // Flips a byte in the middle of the last place where `text` stands in a file.
  static bool FlipIn(const std::string& file, const std::string& text);

  StoreSettings settings;
  StoreSeams seams;
  testing::FakeClock clock;

 private:
  std::filesystem::path root_;
  std::unique_ptr<observe::Registry> registry_;
  std::unique_ptr<RocksStore> store_;
  int lives_ = 0;
};

}  // namespace postern::store
