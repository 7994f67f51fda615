#include "services/mailbox-transport/store/hole_filter.h"

#include <algorithm>

#include "rocksdb/write_batch.h"

#include "services/mailbox-transport/store/wal_check.h"

namespace postern::store {

rocksdb::WalFilter::WalProcessingOption HoleFilter::LogRecordFound(unsigned long long log,
                                                                   const std::string&,
                                                                   const rocksdb::WriteBatch& batch,
                                                                   rocksdb::WriteBatch*,
                                                                   bool*) {
  const BatchHead head = HeadOf(batch.Data());
  // One change is in no log: the mark of a resumption after a full disk (CommitThread::Resumed). A
  // new log begins with it, and all before it is in tables.
  const bool resumed = log != log_ && head.first == next_ + 1 && head.synced + 1 >= next_;
  if (next_ != 0 && head.first > next_ && !resumed) return WalProcessingOption::kCorruptedRecord;
  next_ = std::max(next_, head.first + head.count);
  log_ = log;
  return WalProcessingOption::kContinueProcessing;
}

}  // namespace postern::store
