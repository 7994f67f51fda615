#include "services/mailbox-transport/store/spare_log.h"

#include <algorithm>
#include <chrono>

#include <pthread.h>

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::store {

namespace {

using rocksdb::IOStatus;

// Small, so that a commit which comes meanwhile does not wait long for the disk.
constexpr std::uint64_t kPiece = 128 * 1024;
constexpr double kLookSeconds = 0.5;
constexpr double kRetrySeconds = 60;

const rocksdb::IOOptions kPlain;

}  // namespace

std::uint64_t SpareLogBytes(const StoreSettings& settings) {
  // A log ends when the bodies' buffer, half of all, is full; keys and settlements come on top.
  const std::uint64_t bodies = settings.write_buffers->bytes / 2;
  return std::min(bodies + bodies / 8, settings.log_bytes_max->bytes);
}

SpareLog::SpareLog(std::shared_ptr<rocksdb::FileSystem> target, SpareLogPlan plan)
    : FileSystemWrapper(std::move(target)),
      plan_(std::move(plan)),
      spare_(base::Cat(plan_.folder, "/postern.spare-log")),
      making_(base::Cat(spare_, ".making")) {}

SpareLog::~SpareLog() {
  Stop();
}

void SpareLog::Start() {
  if (plan_.bytes_per_second > 0) thread_ = std::thread([this] { Loop(); });
}

void SpareLog::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

IOStatus SpareLog::NewWritableFile(const std::string& name,
                                   const rocksdb::FileOptions& options,
                                   std::unique_ptr<rocksdb::FSWritableFile>* file,
                                   rocksdb::IODebugContext* debug) {
  if (!name.ends_with(".log")) return target()->NewWritableFile(name, options, file, debug);
  const std::lock_guard lock(mutex_);
  const bool spare =
      Ready() && target()->ReuseWritableFile(name, spare_, options, file, debug).ok();
  if (plan_.began_log) plan_.began_log(spare);
  taken_ = true;
  written_before_ = plan_.written();
  wake_.notify_all();
  return spare ? SyncFolder() : target()->NewWritableFile(name, options, file, debug);
}

// Before anything is written over it: after a power cut a file that has the spare's name again must
// not have records, which would be read behind those of the log that it becomes then.
IOStatus SpareLog::SyncFolder() {
  std::unique_ptr<rocksdb::FSDirectory> folder;
  IOStatus status = target()->NewDirectory(plan_.folder, kPlain, &folder, nullptr);
  if (status.ok()) status = folder->FsyncWithDirOptions(kPlain, nullptr, {});
  return status;
}

// A spare has this name only when all of it was on disk. One of another size is of other settings.
bool SpareLog::Ready() {
  std::uint64_t bytes = 0;
  const IOStatus found = target()->GetFileSize(spare_, kPlain, &bytes, nullptr);
  return found.ok() && plan_.bytes_per_second > 0 && bytes == plan_.bytes;
}

bool SpareLog::Sleep(double seconds) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, std::chrono::duration<double>(seconds),
                         [this] { return stopping_; });
}

void SpareLog::Loop() {
  pthread_setname_np(pthread_self(), "spare-log");
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return taken_ || stopping_; });
      if (stopping_) return;
      taken_ = !Ready();
      if (!taken_) continue;
    }
    if (!Wanted()) {
      if (!Sleep(kLookSeconds)) return;
      continue;
    }
    IOStatus made = plan_.has_room(plan_.bytes) ? Make() : IOStatus::NoSpace("the disk reserve");
    if (made.ok()) continue;
    if (!made.IsAborted()) {
      POSTERN_LOG(kDebug, "store", "no spare log is made: the next log grows as it is written",
                  {{"error", made.ToString()}});
    }
    target()->DeleteFile(making_, kPlain, nullptr).PermitUncheckedError();
    if (!Sleep(kRetrySeconds)) return;
  }
}

bool SpareLog::Wanted() {
  const std::lock_guard lock(mutex_);
  return plan_.written() - written_before_ >= plan_.bytes / 8;
}

IOStatus SpareLog::Make() {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  IOStatus status = target()->NewWritableFile(making_, rocksdb::FileOptions(), &file, nullptr);
  if (!status.ok()) return status;
  status = Write(*file);
  if (status.ok()) status = file->Fsync(kPlain, nullptr);
  const IOStatus closed = file->Close(kPlain, nullptr);
  if (status.ok()) status = closed;
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex_);
  return target()->RenameFile(making_, spare_, kPlain, nullptr);
}

IOStatus SpareLog::Write(rocksdb::FSWritableFile& file) {
  const std::string zeros(kPiece, '\0');
  for (std::uint64_t at = 0; at < plan_.bytes;) {
    const std::uint64_t piece = std::min(kPiece, plan_.bytes - at);
    IOStatus status = file.Append(rocksdb::Slice(zeros.data(), piece), kPlain, nullptr);
    // To the disk in the background, not all at once by the sync at the end.
    if (status.ok()) status = file.RangeSync(at, piece, kPlain, nullptr);
    if (!status.ok()) return status;
    at += piece;
    const double seconds = static_cast<double>(piece) / static_cast<double>(plan_.bytes_per_second);
    if (!Sleep(seconds)) return IOStatus::Aborted("the store is closed");
  }
  return IOStatus::OK();
}

}  // namespace postern::store
