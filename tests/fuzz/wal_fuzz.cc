// No bytes in a log file make our reading of it run outside them or tell of places not there.

#include <cstdint>
#include <memory>
#include <string>

#include "rocksdb/env.h"

#include "common/base/check.h"
#include "services/mailbox-transport/store/wal_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace store = postern::store;
  static const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  static const std::string file = "/wal/000001.log";
  if (size > 128 * 1024) return 0;
  POSTERN_CHECK(env->CreateDirIfMissing("/wal").ok());
  const rocksdb::Slice bytes(reinterpret_cast<const char*>(data), size);
  POSTERN_CHECK(rocksdb::WriteStringToFile(env.get(), bytes, file).ok());

  std::size_t read = 0;
  std::uint64_t damaged_at = 0;
  store::WalVisitor visitor;
  visitor.batch = [&](const std::string&, std::string_view batch) {
    POSTERN_CHECK(batch.size() >= 12);
    read += batch.size();
  };
  visitor.damage = [&](const store::WalDamage& damage) {
    POSTERN_CHECK(damage.offset <= size && damage.offset >= damaged_at);
    damaged_at = damage.offset;
  };
  POSTERN_CHECK(store::ReadWal(*env, file, visitor).ok());
  POSTERN_CHECK(read <= size);

  const auto report = store::CheckWal(*env, "/wal");
  POSTERN_CHECK(report.ok() && report->damages.size() <= 1);
  return 0;
}
