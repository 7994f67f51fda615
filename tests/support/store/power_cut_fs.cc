#include "tests/support/store/power_cut_fs.h"

#include <filesystem>
#include <fstream>

#include "common/base/text.h"

namespace postern::store {

namespace {

namespace disk = std::filesystem;
using rocksdb::IOStatus;

// A file that is read, unless reads fail.
class ReadFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  ReadFile(std::unique_ptr<rocksdb::FSRandomAccessFile> inner, const std::atomic<bool>& broken)
      : FSRandomAccessFileOwnerWrapper(std::move(inner)), broken_(broken) {}

  IOStatus Read(std::uint64_t offset,
                std::size_t bytes,
                const rocksdb::IOOptions& options,
                rocksdb::Slice* result,
                char* scratch,
                rocksdb::IODebugContext* debug) const override {
    if (broken_) return IOStatus::IOError("the read failed");
    return FSRandomAccessFileOwnerWrapper::Read(offset, bytes, options, result, scratch, debug);
  }

 private:
  const std::atomic<bool>& broken_;
};

class TrackedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  TrackedFile(PowerCutFs& fs,
              std::string name,
              std::unique_ptr<rocksdb::FSWritableFile> file,
              std::shared_ptr<PowerCutFs::File> facts)
      : FSWritableFileOwnerWrapper(std::move(file)),
        fs_(fs),
        name_(std::move(name)),
        facts_(std::move(facts)) {}

  IOStatus Append(const rocksdb::Slice& data,
                  const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* debug) override {
    if (IOStatus s = fs_.Step(true); !s.ok()) return s;
    IOStatus status = target()->Append(data, options, debug);
    if (status.ok()) facts_->written += data.size();
    return status;
  }

  IOStatus Append(const rocksdb::Slice& data,
                  const rocksdb::IOOptions& options,
                  const rocksdb::DataVerificationInfo&,
                  rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }

  IOStatus PositionedAppend(const rocksdb::Slice&,
                            std::uint64_t,
                            const rocksdb::IOOptions&,
                            rocksdb::IODebugContext*) override {
    return IOStatus::NotSupported("PositionedAppend");
  }

  IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (IOStatus s = fs_.SyncStep(name_); !s.ok()) return s;
    // The real sync costs time and shows nothing here: what counts is what Restore keeps.
    IOStatus status = target()->Flush(options, debug);
    if (status.ok()) facts_->synced = facts_->written;
    return status;
  }

  IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return Sync(options, debug);
  }

  IOStatus RangeSync(std::uint64_t,
                     std::uint64_t,
                     const rocksdb::IOOptions&,
                     rocksdb::IODebugContext*) override {
    return IOStatus::OK();  // a hint; promises nothing
  }

 private:
  PowerCutFs& fs_;
  const std::string name_;
  const std::shared_ptr<PowerCutFs::File> facts_;
};

class TrackedFolder final : public rocksdb::FSDirectoryWrapper {
 public:
  TrackedFolder(PowerCutFs& fs, std::unique_ptr<rocksdb::FSDirectory> folder)
      : FSDirectoryWrapper(std::move(folder)), fs_(fs) {}

  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    if (IOStatus s = fs_.Step(false); !s.ok()) return s;
    fs_.FolderSynced();
    return IOStatus::OK();
  }

  IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  PowerCutFs& fs_;
};

}  // namespace

void PowerCutFs::CutAfter(std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  cut_at_ = operations == 0 ? 0 : operations_ + operations;
}

void PowerCutFs::FillDisk(bool full) {
  const std::lock_guard lock(mutex_);
  disk_full_ = full;
}

void PowerCutFs::BreakSyncs(bool broken) {
  const std::lock_guard lock(mutex_);
  syncs_broken_ = broken;
}

bool PowerCutFs::cut() const {
  const std::lock_guard lock(mutex_);
  return cut_;
}

std::uint64_t PowerCutFs::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

IOStatus PowerCutFs::Step(bool writes) {
  const std::lock_guard lock(mutex_);
  ++operations_;
  if (cut_at_ != 0 && operations_ >= cut_at_) cut_ = true;
  if (cut_) return IOStatus::IOError("the power is off");
  if (writes && disk_full_) {
    IOStatus full = IOStatus::NoSpace("the disk is full");
    full.SetRetryable(true);  // as RocksDB's own file system does for ENOSPC
    return full;
  }
  return IOStatus::OK();
}

IOStatus PowerCutFs::SyncStep(const std::string& name) {
  if (IOStatus s = Step(false); !s.ok()) return s;
  const std::lock_guard lock(mutex_);
  if (syncs_broken_ && name.ends_with(".log")) return IOStatus::IOError("the sync failed");
  return IOStatus::OK();
}

void PowerCutFs::FolderSynced() {
  const std::lock_guard lock(mutex_);
  for (const FolderChange& change : changes_) {
    if (!change.kept.empty()) disk::remove(change.kept);
  }
  changes_.clear();
}

IOStatus PowerCutFs::NewWritableFile(const std::string& name,
                                     const rocksdb::FileOptions& options,
                                     std::unique_ptr<rocksdb::FSWritableFile>* file,
                                     rocksdb::IODebugContext* debug) {
  return Begin({FolderChange::Kind::kMade, name, "", ""}, options, file, debug);
}

IOStatus PowerCutFs::ReopenWritableFile(const std::string&,
                                        const rocksdb::FileOptions&,
                                        std::unique_ptr<rocksdb::FSWritableFile>*,
                                        rocksdb::IODebugContext*) {
  return IOStatus::NotSupported("ReopenWritableFile");
}

IOStatus PowerCutFs::ReuseWritableFile(const std::string& name,
                                       const std::string& old_name,
                                       const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) {
  return Begin({FolderChange::Kind::kRenamed, name, "", old_name}, options, file, debug);
}

// A file that is made, or one that takes the place of another and is written over.
IOStatus PowerCutFs::Begin(FolderChange change,
                           const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           rocksdb::IODebugContext* debug) {
  if (IOStatus s = Step(true); !s.ok()) return s;
  const std::lock_guard lock(mutex_);
  const std::string& name = change.name;
  if (disk::exists(name)) change.kept = Keep(name);
  const bool made = change.kind == FolderChange::Kind::kMade;
  std::unique_ptr<rocksdb::FSWritableFile> inner;
  IOStatus status =
      made ? target()->NewWritableFile(name, options, &inner, debug)
           : target()->ReuseWritableFile(name, change.old_name, options, &inner, debug);
  if (!status.ok()) return status;
  auto facts = std::make_shared<File>();
  if (!made) facts->zeros = disk::file_size(name);
  files_.erase(change.old_name);
  files_[name] = facts;
  *file = std::make_unique<TrackedFile>(*this, name, std::move(inner), std::move(facts));
  changes_.push_back(std::move(change));
  return status;
}

IOStatus PowerCutFs::NewRandomAccessFile(const std::string& name,
                                         const rocksdb::FileOptions& options,
                                         std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                         rocksdb::IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSRandomAccessFile> inner;
  const IOStatus status = target()->NewRandomAccessFile(name, options, &inner, debug);
  if (status.ok()) *file = std::make_unique<ReadFile>(std::move(inner), reads_broken_);
  return status;
}

IOStatus PowerCutFs::NewDirectory(const std::string& name,
                                  const rocksdb::IOOptions& options,
                                  std::unique_ptr<rocksdb::FSDirectory>* folder,
                                  rocksdb::IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> inner;
  IOStatus status = target()->NewDirectory(name, options, &inner, debug);
  if (status.ok()) *folder = std::make_unique<TrackedFolder>(*this, std::move(inner));
  return status;
}

IOStatus PowerCutFs::DeleteFile(const std::string& name,
                                const rocksdb::IOOptions& options,
                                rocksdb::IODebugContext* debug) {
  if (IOStatus s = Step(false); !s.ok()) return s;
  const std::lock_guard lock(mutex_);
  if (!disk::exists(name)) return target()->DeleteFile(name, options, debug);
  changes_.push_back({FolderChange::Kind::kRemoved, name, Keep(name), ""});
  return IOStatus::OK();
}

IOStatus PowerCutFs::RenameFile(const std::string& from,
                                const std::string& to,
                                const rocksdb::IOOptions& options,
                                rocksdb::IODebugContext* debug) {
  if (IOStatus s = Step(false); !s.ok()) return s;
  const std::lock_guard lock(mutex_);
  const std::string kept = disk::exists(to) ? Keep(to) : "";
  IOStatus status = target()->RenameFile(from, to, options, debug);
  if (!status.ok()) return status;
  if (const auto it = files_.find(from); it != files_.end()) {
    files_[to] = it->second;
    files_.erase(from);
  }
  changes_.push_back({FolderChange::Kind::kRenamed, to, kept, from});
  return status;
}

// Moves a file away, with what is known of it, so that Undo can bring it back.
std::string PowerCutFs::Keep(const std::string& name) {
  std::string kept = base::Cat(name, ".kept-", ++kept_);
  disk::rename(name, kept);
  if (const auto it = files_.find(name); it != files_.end()) {
    files_[kept] = it->second;
    files_.erase(it);
  }
  return kept;
}

void PowerCutFs::Undo(const FolderChange& change) {
  const auto move = [this](const std::string& from, const std::string& to) {
    disk::rename(from, to);
    if (const auto it = files_.find(from); it != files_.end()) {
      files_[to] = it->second;
      files_.erase(from);
    }
  };
  if (change.kind == FolderChange::Kind::kMade) disk::remove(change.name);
  if (change.kind == FolderChange::Kind::kRenamed) move(change.name, change.old_name);
  if (!change.kept.empty()) move(change.kept, change.name);
}

void PowerCutFs::Truncate(const std::string& name, const File& file, base::Random& random) {
  if (!disk::exists(name)) return;
  // Closing it cut the zeros off; a machine without power closes nothing.
  if (file.zeros > disk::file_size(name)) disk::resize_file(name, file.zeros);
  if (file.written == file.synced) return;
  if (file.zeros > 0) return Scatter(name, file, random);
  const std::uint64_t loose = file.written - file.synced;
  // A third of the files keeps nothing of the unsynced part, a third a whole prefix, a third a
  // prefix with a damaged last part, as sectors reach the disk in any order.
  const std::uint64_t shape = random.Below(3);
  const std::uint64_t extra = shape == 0 ? 0 : random.Below(loose + 1);
  disk::resize_file(name, file.synced + extra);
  if (shape == 2 && extra > 0) {
    std::fstream bytes(name, std::ios::in | std::ios::out | std::ios::binary);
    const std::uint64_t from = random.Below(extra);
    bytes.seekp(static_cast<std::streamoff>(file.synced + from));
    bytes << std::string(std::min<std::uint64_t>(extra - from, 512), '\0');
  }
}

// Sectors reach the disk in any order; one that did not has the zeros it had.
void PowerCutFs::Scatter(const std::string& name, const File& file, base::Random& random) {
  constexpr std::uint64_t kSector = 512;
  std::fstream bytes(name, std::ios::in | std::ios::out | std::ios::binary);
  const std::uint64_t kept_of_4 = random.Below(5);  // none, some or all of them
  for (std::uint64_t at = file.synced; at < file.written;) {
    const std::uint64_t end = std::min(file.written, (at / kSector + 1) * kSector);
    if (random.Below(4) >= kept_of_4) {
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes << std::string(end - at, '\0');
    }
    at = end;
  }
  bytes.close();
  const std::uint64_t kept = std::max(file.zeros, file.synced);
  if (file.written > kept) disk::resize_file(name, kept + random.Below(file.written - kept + 1));
}

void PowerCutFs::Restore(base::Random& random) {
  const std::lock_guard lock(mutex_);
  // A folder may have written some of its later changes by itself: undo from a random place on.
  const std::size_t keep = changes_.empty() ? 0 : random.Below(changes_.size() + 1);
  while (changes_.size() > keep) {
    Undo(changes_.back());
    changes_.pop_back();
  }
  for (const FolderChange& change : changes_) {
    if (!change.kept.empty()) disk::remove(change.kept);
  }
  for (const auto& [name, file] : files_)
    Truncate(name, *file, random);
  files_.clear();
  changes_.clear();
  cut_ = false;
  cut_at_ = 0;
}

}  // namespace postern::store
