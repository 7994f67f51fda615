#include "services/mailbox-transport/store/spare_log.h"

#include <algorithm>
#include <chrono>

#include <pthread.h>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/store/wal_check.h"

namespace postern::store {

namespace {

using rocksdb::IOStatus;

// Small, so that a commit which comes meanwhile does not wait long for the disk.
constexpr std::uint64_t kPiece = 4 * kWalBlock;
// A spare takes at most an eighth of the room that there is.
constexpr std::uint64_t kRoomForOne = 8;
constexpr double kLookSeconds = 0.5;
constexpr double kRetrySeconds = 60;

const rocksdb::IOOptions kPlain;

}  // namespace

std::uint64_t SpareLogBytes(const StoreSettings& settings) {
  // A log ends when the bodies' buffer, half of all, is full, or sooner, when that of smaller
  // records is; keys and settlements come on top.
  const std::uint64_t bodies = settings.write_buffers->bytes / 2;
  const std::uint64_t bytes = std::min(bodies + bodies / 8, settings.log_bytes_max->bytes);
  return bytes / kWalBlock * kWalBlock;
}

SpareLog::SpareLog(std::shared_ptr<rocksdb::FileSystem> target, SpareLogPlan plan)
    : FileSystemWrapper(std::move(target)),
      plan_(std::move(plan)),
      spare_(base::Cat(plan_.folder, "/postern.spare-log")),
      making_(base::Cat(spare_, ".making")),
      bytes_(plan_.bytes_max) {}

SpareLog::~SpareLog() {
  Stop();
}

void SpareLog::Start() {
  Remove(making_);
  if (plan_.bytes_per_second == 0) return Remove(spare_);
  thread_ = std::thread([this] { Loop(); });
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
  const std::uint64_t written = plan_.written();
  // What was written to the last log tells the next one's length; the first one's is not known.
  const std::uint64_t last = (written - written_before_) * 9 / 8;
  if (last > plan_.bytes_max / 8) bytes_ = std::min(last / kWalBlock * kWalBlock, plan_.bytes_max);
  written_before_ = written;
  const bool spare = Ready() && TakeSpare(name, options, file, debug);
  plan_.began_log(spare);
  return spare ? SyncFolder() : target()->NewWritableFile(name, options, file, debug);
}

bool SpareLog::TakeSpare(const std::string& name,
                         const rocksdb::FileOptions& options,
                         std::unique_ptr<rocksdb::FSWritableFile>* file,
                         rocksdb::IODebugContext* debug) {
  IOStatus taken = trusted_ || HasOnlyZeros()
                       ? target()->ReuseWritableFile(name, spare_, options, file, debug)
                       : IOStatus::Corruption("it has something else than zeros");
  if (taken.ok()) return true;
  POSTERN_LOG(kWarning, "store", "the spare log cannot be taken: it is removed",
              {{"file", spare_}, {"error", taken.ToString()}});
  Remove(spare_);
  return false;
}

// Before anything is written over it: after a power cut a file that has the spare's name again must
// not have records, which would be read behind those of the log that it becomes then.
IOStatus SpareLog::SyncFolder() {
  std::unique_ptr<rocksdb::FSDirectory> folder;
  IOStatus status = target()->NewDirectory(plan_.folder, kPlain, &folder, nullptr);
  if (status.ok()) status = folder->FsyncWithDirOptions(kPlain, nullptr, {});
  return status;
}

// A file has this name only when all of it was on disk.
bool SpareLog::Ready() {
  return plan_.bytes_per_second > 0 && target()->FileExists(spare_, kPlain, nullptr).ok();
}

// A spare that another process left may be of a copy that was made while it became a log.
bool SpareLog::HasOnlyZeros() {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  if (!target()->NewSequentialFile(spare_, {}, &file, nullptr).ok()) return false;
  std::string buffer(kPiece, '\0');
  for (;;) {
    rocksdb::Slice got;
    if (!file->Read(buffer.size(), kPlain, &got, buffer.data(), nullptr).ok()) return false;
    if (got.empty()) return true;
    if (!AllZero({got.data(), got.size()})) return false;
  }
}

bool SpareLog::Wanted() {
  return plan_.written() - written_before_ >= bytes_ / 8;
}

bool SpareLog::Sleep(double seconds) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, std::chrono::duration<double>(seconds),
                         [this] { return stopping_; });
}

void SpareLog::Loop() {
  pthread_setname_np(pthread_self(), "spare-log");
  do {
    Look();
  } while (Sleep(failed_ ? kRetrySeconds : kLookSeconds));
}

void SpareLog::Look() {
  std::uint64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (Ready()) {
      // Its space may be what a flush needs.
      if (plan_.room() == 0) Remove(spare_);
      return;
    }
    if (!Wanted()) return;
    bytes = bytes_;
  }
  IOStatus made = Make(bytes);
  if (!made.ok()) Remove(making_);
  if (made.IsAborted()) return;
  if (!made.ok() && !failed_) {
    POSTERN_LOG(kInfo, "store", "no spare log can be made: logs grow as they are written",
                {{"error", made.ToString()}});
  }
  failed_ = !made.ok();
}

IOStatus SpareLog::Make(std::uint64_t bytes) {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  IOStatus status = target()->NewWritableFile(making_, rocksdb::FileOptions(), &file, nullptr);
  if (!status.ok()) return status;
  status = Write(*file, bytes);
  if (status.ok()) status = file->Fsync(kPlain, nullptr);
  const IOStatus closed = file->Close(kPlain, nullptr);
  if (status.ok()) status = closed;
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex_);
  trusted_ = true;
  return target()->RenameFile(making_, spare_, kPlain, nullptr);
}

IOStatus SpareLog::Write(rocksdb::FSWritableFile& file, std::uint64_t bytes) {
  const std::string zeros(kPiece, '\0');
  for (std::uint64_t at = 0; at < bytes;) {
    if (plan_.room() < kRoomForOne * (bytes - at)) {
      return IOStatus::NoSpace("it would take more than an eighth of the room above the reserve");
    }
    const std::uint64_t piece = std::min(kPiece, bytes - at);
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

void SpareLog::Remove(const std::string& file) {
  target()->DeleteFile(file, kPlain, nullptr).PermitUncheckedError();
}

}  // namespace postern::store
