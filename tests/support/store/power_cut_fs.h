// tests/support/store/power_cut_fs.h
//
// PowerCutFs: a file system that forgets what was not synced when the power is cut.
//
// Flow      Give it to the store as its Env's file system; CutAfter(n) cuts at the n-th operation
//           from now; close the store; Restore(random) makes the folder what a disk would have
//           kept.
// Limits    A file keeps the bytes up to its last Sync, and perhaps a torn part of the rest; one
//           that was written over zeros keeps any of the sectors behind.
//           Making, renaming and removing a file last from the next Fsync of its folder on.

#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

#include "common/base/random.h"

namespace postern::store {

class PowerCutFs final : public rocksdb::FileSystemWrapper {
 public:
  PowerCutFs() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "PowerCutFs"; }

  // 0: never.
  void CutAfter(std::uint64_t operations);
  // Writes fail as on a full disk.
  void FillDisk(bool full);
  // The next Sync of a log file fails with an input/output error.
  void BreakSyncs(bool broken);

  // Reads of table files fail with an input/output error, as long as it is so.
  void BreakReads(bool broken) { reads_broken_ = broken; }

  bool cut() const;
  std::uint64_t operations() const;

  // After the store is closed: what is left on disk. Power is back.
  void Restore(base::Random& random);

  rocksdb::IOStatus NewWritableFile(const std::string& name,
                                    const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string&,
                                       const rocksdb::FileOptions&,
                                       std::unique_ptr<rocksdb::FSWritableFile>*,
                                       rocksdb::IODebugContext*) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& name,
                                      const std::string& old_name,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name,
                                 const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* folder,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from,
                               const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  // For the files and folders it hands out.
  struct File {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
    std::uint64_t zeros = 0;  // it was so long, all zeros, before it was written over
  };

  rocksdb::IOStatus Step(bool writes);
  rocksdb::IOStatus SyncStep(const std::string& name);
  void FolderSynced();

 private:
  // A change of the folder that is not on disk yet, with what undoes it.
  struct FolderChange {
    enum class Kind { kMade, kRemoved, kRenamed } kind;
    std::string name;
    std::string kept;      // where the removed or replaced file is kept; empty: there was none
    std::string old_name;  // of a rename
  };

  rocksdb::IOStatus Begin(FolderChange change,
                          const rocksdb::FileOptions& options,
                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                          rocksdb::IODebugContext* debug);
  std::string Keep(const std::string& name);
  void Undo(const FolderChange& change);
  void Truncate(const std::string& name, const File& file, base::Random& random);
  void Scatter(const std::string& name, const File& file, base::Random& random);

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::vector<FolderChange> changes_;
  std::uint64_t operations_ = 0;
  std::uint64_t cut_at_ = 0;
  std::uint64_t kept_ = 0;
  bool cut_ = false;
  bool disk_full_ = false;
  bool syncs_broken_ = false;
  std::atomic<bool> reads_broken_ = false;
};

}  // namespace postern::store
