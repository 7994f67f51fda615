// services/mailbox-transport/store/spare_log.h
//
// SpareLog: zeros that the next log is written over, so that a sync has only data to write.
//
// Flow      Give it to RocksDB as its file system; Start once the store is open. RocksDB's next log
//           takes the spare's place, and another spare is made in the background.
// Failure   No spare - it is not ready, or there is no room for one: the log begins as an empty
//           file that grows. Its syncs take longer, and nothing else is different.
// Lifetime  Stop, or the destructor, joins the thread. A spare outlives the process.
// Limits    One file of `bytes`, made at `bytes_per_second` once the log in use has an eighth of
//           that, so that an idle store has none; another try a minute after a failure.
// See       docs/data.md "The log"

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "rocksdb/file_system.h"

#include "services/mailbox-transport/store/settings.h"

namespace postern::store {

struct SpareLogPlan {
  std::string folder;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_per_second = 0;           // 0: logs grow, and no spare is made
  std::function<bool(std::uint64_t)> has_room;  // for so many bytes more
  std::function<std::uint64_t()> written;       // bytes, to all logs
  std::function<void(bool spare)> began_log;    // written over a spare, or growing
};

// As much as RocksDB writes into one log before it begins the next.
std::uint64_t SpareLogBytes(const StoreSettings& settings);

class SpareLog final : public rocksdb::FileSystemWrapper {
 public:
  SpareLog(std::shared_ptr<rocksdb::FileSystem> target, SpareLogPlan plan);
  ~SpareLog() override;

  const char* Name() const override { return "SpareLog"; }

  void Start();
  void Stop();

  rocksdb::IOStatus NewWritableFile(const std::string& name,
                                    const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;

 private:
  bool Ready();
  rocksdb::IOStatus SyncFolder();
  void Loop();
  bool Wanted();
  // False: stop is asked for.
  bool Sleep(double seconds);
  rocksdb::IOStatus Make();
  rocksdb::IOStatus Write(rocksdb::FSWritableFile& file);

  const SpareLogPlan plan_;
  const std::string spare_;
  const std::string making_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool taken_ = true;                 // so that the thread looks once
  std::uint64_t written_before_ = 0;  // to the logs before the one in use
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace postern::store
