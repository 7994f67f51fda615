#include "rocksdb/cache.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/listener.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"

#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/store/database.h"

namespace postern::store {

namespace {

// RocksDB's own warnings go to our log; a file beside the tables would be written even by a reader.
class LogBridge final : public rocksdb::Logger {
 public:
  LogBridge() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using rocksdb::Logger::Logv;

  void Logv(const char* format, va_list arguments) override {
    char line[1024];
    // RocksDB only gives format strings of its own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(line, sizeof line, format, arguments);
#pragma GCC diagnostic pop
    POSTERN_LOG(kDebug, "store", "rocksdb", {{"line", std::string(line)}});
  }
};

// The commit thread alone decides what a full disk means and when writing is tried again. RocksDB's
// own recovery, which each database has, would run beside it and refuse DB::Resume meanwhile.
class FullDiskListener final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason,
                            rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override {
    if (!error->IsNoSpace()) return;
    // A compaction is tried again by itself; its input is still there.
    if (reason == rocksdb::BackgroundErrorReason::kCompaction) *error = rocksdb::Status::OK();
    // No file for the next log. RocksDB fears for its buffer of the last one and calls that fatal;
    // here the buffer is empty, or holds a batch that nobody was told of: each write is flushed.
    if (reason == rocksdb::BackgroundErrorReason::kMemTable) {
      *error = rocksdb::Status(*error, rocksdb::Status::Severity::kHardError);
    }
  }
};

}  // namespace

const std::vector<std::string>& FamilyNames() {
  static const std::vector<std::string> names = {"default", "message", "body", "meta"};
  return names;
}

std::string InHandPath(const std::string& store_path) {
  return base::Cat(store_path, "/postern.in-hand");
}

rocksdb::DBOptions DatabaseOptions(const StoreSettings& settings, rocksdb::Env& env) {
  rocksdb::DBOptions options;
  options.env = &env;
  options.info_log = std::make_shared<LogBridge>();
  options.create_if_missing = false;
  options.paranoid_checks = true;
  // Mid-log damage is found by our own check before; what is left is a torn tail.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.allow_concurrent_memtable_write = false;  // one writer
  options.enable_write_thread_adaptive_yield = false;
  options.enable_pipelined_write = false;
  options.manual_wal_flush = false;
  options.max_open_files = *settings.open_files_max;
  options.max_total_wal_size = settings.log_bytes_max->bytes;
  options.db_write_buffer_size = settings.write_buffers->bytes;
  options.max_background_jobs = 2;
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<FullDiskListener>());
  options.bytes_per_sync = kMiB;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> FamilyDescriptors(const StoreSettings& settings) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(settings.block_cache->bytes);
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = rocksdb::kNoCompression;
  family.max_write_buffer_number = 3;
  // Large enough that a message which is delivered at once is written and removed in one buffer and
  // never reaches a table file.
  const std::uint64_t buffers = settings.write_buffers->bytes;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : FamilyNames()) {
    family.write_buffer_size = name == "body" ? buffers / 2 : buffers / 8;
    // Keys rise with time, and what is removed is seldom far behind: the place in the buffer is
    // looked for from the last one on. All keys of three days share the first two bytes.
    const bool by_id = name == "message" || name == "body";
    family.memtable_insert_with_hint_prefix_extractor.reset(
        by_id ? rocksdb::NewFixedPrefixTransform(2) : nullptr);
    descriptors.emplace_back(name, family);
  }
  return descriptors;
}

}  // namespace postern::store
