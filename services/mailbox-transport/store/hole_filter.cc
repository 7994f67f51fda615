#include "services/mailbox-transport/store/hole_filter.h"

#include <algorithm>

#include "rocksdb/write_batch.h"

#include "services/mailbox-transport/store/wal_check.h"

namespace postern::store {

rocksdb::WalFilter::WalProcessingOption HoleFilter::LogRecordFound(unsigned long long,
                                                                   const std::string&,
                                                                   const rocksdb::WriteBatch& batch,
                                                                   rocksdb::WriteBatch*,
                                                                   bool*) {
  const BatchHead head = HeadOf(batch.Data());
  // One change is written without the log: the mark of a resumption after a full disk. The next
  // batch counts it as synced (CommitThread::Resumed).
  const bool unlogged = head.first == next_ + 1 && head.synced >= next_;
  if (next_ != 0 && head.first > next_ && !unlogged) return WalProcessingOption::kCorruptedRecord;
  next_ = std::max(next_, head.first + head.count);
  return WalProcessingOption::kContinueProcessing;
}

}  // namespace postern::store
