// services/mailbox-transport/store/wal_check.h
//
// Our own reading of RocksDB's write-ahead log: what was synced, and where it is damaged.
//
// Flow      ReadWal walks every record of every log file, also behind damage; CheckWal sums it up.
//           Each batch of ours begins with a note of how far the log was synced when it was written
//           (SyncNote), so a later note proves that an earlier record was on disk. Zeros up to the
//           end of a file are what is left of a spare (SpareLog), not damage.
// Failure   A Status only when a file cannot be read; damage is data.
// Limits    Memory: the largest batch.
// See       docs/data.md "The log"; point-in-time recovery drops everything behind damage silently

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rocksdb {
class Env;
}

namespace postern::store {

struct WalDamage {
  std::string file;
  std::uint64_t offset = 0;
  std::string what;
  std::uint64_t after_sequence = 0;  // of the last whole batch before it, in this file
};

struct WalReport {
  std::vector<std::string> files;     // in the order of their numbers
  std::uint64_t synced_sequence = 0;  // the highest that a note proves
  std::uint64_t last_sequence = 0;    // of any readable batch
  std::vector<WalDamage> damages;     // the first of each file
};

struct WalVisitor {
  // `batch` is the whole representation of a rocksdb::WriteBatch.
  std::function<void(const std::string& file, std::string_view batch)> batch;
  std::function<void(const WalDamage&)> damage;
};

// The log files of the store at `path`, oldest first.
absl::StatusOr<std::vector<std::string>> WalFiles(rocksdb::Env& env, const std::string& path);

absl::Status ReadWal(rocksdb::Env& env, const std::string& file, const WalVisitor& visitor);

absl::StatusOr<WalReport> CheckWal(rocksdb::Env& env, const std::string& path);

}  // namespace postern::store
