// services/mailbox-transport/store/database.h
//
// Database: RocksDB opened with care - checked first, read-only, and changed only when all is well.
//
// Flow      OpenDatabase: lock, look at the folder, walk the log, open read-only, compare, open.
// Failure   kFailedPrecondition: locked, foreign or newer; kDataLoss: damaged. The message names
//           the path, what was found, what was expected, and what to do. Nothing has been written
//           then.
// Lifetime  Closes RocksDB and then gives up the lock.
// See       docs/data.md "Opening"

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"

#include "services/mailbox-transport/store/change.h"
#include "services/mailbox-transport/store/hole_filter.h"
#include "services/mailbox-transport/store/settings.h"

namespace postern::store {

inline constexpr std::uint64_t kFormatVersion = 1;

class Database {
 public:
  Database() = default;
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() { return *db_; }

  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const { return families_; }

  rocksdb::ColumnFamilyHandle* family(Family family) const { return families_[IndexOf(family)]; }

  // From one end to the other: reads ahead, and leaves the cache to others.
  std::unique_ptr<rocksdb::Iterator> Scan(Family family);

  const std::string& id() const { return id_; }

 private:
  friend class DatabaseOpener;

  rocksdb::Env* env_ = nullptr;
  std::string lock_path_;
  rocksdb::FileLock* lock_ = nullptr;
  std::unique_ptr<HoleFilter> holes_;  // db_ points to it
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::string id_;
};

// `synced_sequence` is what the in-hand table of database `synced_id` knows to be on disk.
absl::StatusOr<std::unique_ptr<Database>> OpenDatabase(const StoreSettings& settings,
                                                       rocksdb::Env& env,
                                                       const std::string& synced_id,
                                                       std::uint64_t synced_sequence,
                                                       const std::string& new_id);

// How RocksDB is run here; also for salvage, which reads with them.
rocksdb::DBOptions DatabaseOptions(const StoreSettings& settings, rocksdb::Env& env);
std::vector<rocksdb::ColumnFamilyDescriptor> FamilyDescriptors(const StoreSettings& settings);

// "default", "message", "body", "meta": the index is the column family's number in the log.
const std::vector<std::string>& FamilyNames();

// Where the in-hand table lies.
std::string InHandPath(const std::string& store_path);

}  // namespace postern::store
