// services/mailbox-transport/store/hole_filter.h
//
// HoleFilter: makes RocksDB stop where changes are missing from its log.
//
// Flow      Give one to DBOptions::wal_filter for each opening. RocksDB passes over zeros without a
//           word, also where a batch stood that never reached the disk; the numbers of the changes
//           tell, from the first batch that is read on. What comes behind a hole is damage, as
//           behind a wrong checksum.
// Failure   None; what cannot be read any more is judged by who opens the store.
// See       docs/data.md "Opening"; rocksdb/wal_filter.h

#pragma once

#include <cstdint>
#include <string>

#include "rocksdb/wal_filter.h"

namespace postern::store {

class HoleFilter final : public rocksdb::WalFilter {
 public:
  const char* Name() const override { return "HoleFilter"; }

  WalProcessingOption LogRecordFound(unsigned long long log,
                                     const std::string& file,
                                     const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* new_batch,
                                     bool* batch_changed) override;

 private:
  std::uint64_t next_ = 0;  // the number of the next change; 0: any
  std::uint64_t log_ = 0;   // of the last record
};

}  // namespace postern::store
