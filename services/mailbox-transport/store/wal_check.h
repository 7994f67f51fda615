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

#include <cstddef>
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

// A log file is a row of blocks of this size, and no record crosses one.
inline constexpr std::size_t kWalBlock = 32 * 1024;

bool AllZero(std::string_view bytes);

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

// What a batch of ours says of itself; `batch` is the whole representation of a
// rocksdb::WriteBatch, at least its head of 12 bytes.
struct BatchHead {
  std::uint64_t first = 0;   // the number of its first change
  std::uint64_t count = 0;   // of changes
  std::uint64_t synced = 0;  // the log was synced up to here when it was written; 0: it has no note
};

BatchHead HeadOf(std::string_view batch);

struct WalVisitor {
  std::function<void(const std::string& file, std::string_view batch)> batch;
  std::function<void(const WalDamage&)> damage;
};

// The log files of the store at `path`, oldest first.
absl::StatusOr<std::vector<std::string>> WalFiles(rocksdb::Env& env, const std::string& path);

absl::Status ReadWal(rocksdb::Env& env, const std::string& file, const WalVisitor& visitor);

absl::StatusOr<WalReport> CheckWal(rocksdb::Env& env, const std::string& path);

}  // namespace postern::store
