// tests/support/store/wal_bytes.h
//
// Bytes of a log file as RocksDB lays them down.
//
// See       services/mailbox-transport/store/wal_check.cc

#pragma once

#include <cstdint>
#include <string>

#include "services/mailbox-transport/store/commit_thread.h"
#include "services/mailbox-transport/store/crc32c.h"
#include "services/mailbox-transport/store/value.h"

namespace postern::store {

enum WalType : std::uint8_t { kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4, kWholeRecycled = 5 };

inline void AppendLittle32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>(value >> shift));
}

// A batch with changes `first` to `first + count - 1`, written when `synced` was on disk.
inline std::string WalBatch(std::uint64_t first, std::uint32_t count, std::uint64_t synced) {
  std::string batch;
  AppendLittle64(batch, first);
  AppendLittle32(batch, count);
  return batch + "\x03\x0c" + SyncNote(synced);
}

// One record of a log file as RocksDB lays it down.
inline std::string WalRecord(WalType type, const std::string& payload) {
  std::string covered(1, static_cast<char>(type));
  if (type == kWholeRecycled) covered.append("\x07\0\0\0", 4);
  covered.append(payload);
  std::string record;
  AppendLittle32(record, MaskCrc32c(ExtendCrc32c(0, covered)));
  record.push_back(static_cast<char>(payload.size()));
  record.push_back(static_cast<char>(payload.size() >> 8));
  return record + covered;
}

inline std::string WholeBatch(std::uint64_t first, std::uint32_t count, std::uint64_t synced) {
  return WalRecord(kWhole, WalBatch(first, count, synced));
}

}  // namespace postern::store
