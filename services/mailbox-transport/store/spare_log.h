// services/mailbox-transport/store/spare_log.h
//
// SpareLog: zeros that the next log is written over, so that a sync has only data to write.
//
// Flow      Give it to RocksDB as its file system; Start once the store is open. RocksDB's next log
//           takes the spare's place, and another spare is made in the background, of the size
//           that the last log had.
// Failure   No spare - it is not ready, or there is no room for one: the log begins as an empty
//           file that grows. Its syncs take longer, and nothing else is different. A folder that
//           cannot be synced after the renaming fails the log, as any write of it would.
// Lifetime  Stop, or the destructor, joins the thread. A spare outlives the process; the next one
//           takes it when it still is all zeros.
// Limits    One file of at most `bytes_max`, made at `bytes_per_second` once the log in use has an
//           eighth of that, so that an idle store makes none; another try a minute after a failure.
//           It is removed when the disk is short of space.
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
  std::uint64_t bytes_max = 0;
  std::uint64_t bytes_per_second = 0;         // 0: logs grow, and no spare is made
  std::function<std::uint64_t()> room;        // bytes above what is kept free
  std::function<std::uint64_t()> written;     // bytes, to all logs
  std::function<void(bool spare)> began_log;  // written over a spare, or growing
};

// The most that RocksDB writes into one log before it begins the next.
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
  // With the mutex held.
  bool Ready();
  bool TakeSpare(const std::string& name,
                 const rocksdb::FileOptions& options,
                 std::unique_ptr<rocksdb::FSWritableFile>* file,
                 rocksdb::IODebugContext* debug);
  bool HasOnlyZeros();
  bool Wanted();

  rocksdb::IOStatus SyncFolder();
  void Loop();
  void Look();
  // False: stop is asked for.
  bool Sleep(double seconds);
  rocksdb::IOStatus Make(std::uint64_t bytes);
  rocksdb::IOStatus Write(rocksdb::FSWritableFile& file, std::uint64_t bytes);
  void Remove(const std::string& file);

  const SpareLogPlan plan_;
  const std::string spare_;
  const std::string making_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool trusted_ = false;              // the spare, if there is one, is of this process
  std::uint64_t written_before_ = 0;  // to the logs before the one in use
  std::uint64_t bytes_ = 0;           // of the next spare
  bool stopping_ = false;
  bool failed_ = false;  // of the thread: no spare could be made lately
  std::thread thread_;
};

}  // namespace postern::store
