#include "services/mailbox-transport/store/commit_thread.h"

#include <algorithm>
#include <chrono>

#include "rocksdb/db.h"
#include "rocksdb/perf_level.h"
#include "rocksdb/write_batch.h"
#include <pthread.h>

#include "common/base/check.h"
#include "common/base/scheduling.h"
#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/store/value.h"

namespace postern::store {

namespace {

constexpr absl::Duration kResumeDelayMax = absl::Minutes(1);

absl::Status NoRoom(std::string_view why) {
  return base::Error(absl::StatusCode::kResourceExhausted, "store: ", why);
}

// A clock that is set neither holds settlements up nor stops the watch over the disk.
absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

rocksdb::Slice SliceOf(std::string_view text) {
  return {text.data(), text.size()};
}

void Apply(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family, const Change& change) {
  rocksdb::Status status;
  switch (change.kind) {
    case Change::Kind::kPut: {
      const rocksdb::Slice key(change.key);
      const rocksdb::Slice value[2] = {change.head, SliceOf(change.payload())};
      status = batch.Put(family, rocksdb::SliceParts(&key, 1), rocksdb::SliceParts(value, 2));
      break;
    }
    case Change::Kind::kDelete:
      status = batch.Delete(family, change.key);
      break;
    case Change::Kind::kSingleDelete:
      status = batch.SingleDelete(family, change.key);
      break;
  }
  POSTERN_CHECK(status.ok());
}

}  // namespace

std::string SyncNote(std::uint64_t synced_sequence) {
  std::string note = "PSTN";
  AppendLittle64(note, synced_sequence);
  return note;
}

CommitThread::CommitThread(rocksdb::DB& database,
                           std::vector<rocksdb::ColumnFamilyHandle*> families,
                           const CommitLimits& limits,
                           CommitHooks hooks,
                           Probe& probe)
    : database_(database),
      families_(std::move(families)),
      limits_(limits),
      hooks_(std::move(hooks)),
      probe_(probe),
      batch_(std::make_unique<rocksdb::WriteBatch>()),
      // What was recovered lies in table files, and what was written since is synced.
      synced_sequence_(database.GetLatestSequenceNumber()) {
  POSTERN_CHECK(families_.size() == kFamilies);
  CheckDisk();
  thread_ = std::thread([this] { Loop(); });
}

CommitThread::~CommitThread() {
  Stop();
}

void CommitThread::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void CommitThread::Add(Commit commit) {
  Waiting waiting{.commit = std::move(commit), .added = SteadyNow()};
  for (const Change& change : waiting.commit.changes)
    waiting.bytes += change.bytes();
  bool wake = true;
  {
    const std::lock_guard lock(mutex_);
    waiting.refusal = RefusalFor(waiting);
    if (!waiting.refusal.ok()) {
      waiting.commit.changes.clear();
      waiting.commit.urgency = Commit::Urgency::kPrompt;
      waiting.bytes = 0;
    }
    const bool lazy = waiting.commit.urgency == Commit::Urgency::kLazy;
    if (lazy && no_space_) {
      held_bytes_ += waiting.bytes;
      held_.push_back(std::move(waiting));
      return;
    }
    // A lazy commit behind others needs no wake-up of its own.
    wake = !lazy || waiting_.empty();
    if (!lazy) ++urgent_;
    waiting_bytes_ += waiting.bytes;
    waiting_.push_back(std::move(waiting));
  }
  if (wake) wake_.notify_one();
}

absl::Status CommitThread::RefusalFor(const Waiting& waiting) const {
  if (waiting.commit.urgency == Commit::Urgency::kLazy) {
    const bool room = !no_space_ || held_bytes_ + waiting.bytes <= limits_.queue_bytes_max;
    return room ? absl::OkStatus() : NoRoom("too many settlements wait for space on the disk");
  }
  if (no_space_) return NoRoom("the disk is full");
  if (full() && !waiting.commit.from_reserve) return NoRoom("the disk reserve is reached");
  if (waiting_bytes_ + waiting.bytes <= limits_.queue_bytes_max) return absl::OkStatus();
  return NoRoom("too many bytes wait to be written (store.queue_bytes_max)");
}

void CommitThread::Loop() {
  pthread_setname_np(pthread_self(), "commit");
  base::WakeAtOnce();
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);  // it counts each comparison of keys
  std::unique_lock lock(mutex_);
  while (Wait(lock)) {
    std::vector<Waiting> batch;
    if (urgent_ > 0 || stopping_ || LazyDue()) batch = Take(waiting_, waiting_bytes_);
    lock.unlock();
    if (SteadyNow() - disk_checked_ >= limits_.disk_check_interval) CheckDisk();
    if (!batch.empty()) WriteBatchOf(batch);
    batch.clear();  // destroys what the callers gave while no lock is held
    lock.lock();
  }
  lock.unlock();
  Finish();
}

// True when there is work: a batch or a look at the disk. False when all is written and we stop.
bool CommitThread::Wait(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (stopping_ && (waiting_.empty() || failed_)) return false;
    if (urgent_ > 0 || stopping_) return true;
    const absl::Time now = SteadyNow();
    absl::Time until = disk_checked_ + limits_.disk_check_interval;
    if (!waiting_.empty()) until = std::min(until, waiting_.front().added + limits_.lazy_delay);
    if (until <= now) return true;
    wake_.wait_for(lock, absl::ToChronoNanoseconds(until - now));
  }
}

bool CommitThread::LazyDue() const {
  return !waiting_.empty() && SteadyNow() - waiting_.front().added >= limits_.lazy_delay;
}

// One batch from the front, in order; the mutex is held.
std::vector<CommitThread::Waiting> CommitThread::Take(std::deque<Waiting>& from,
                                                      std::size_t& bytes_there) {
  std::vector<Waiting> batch;
  std::size_t bytes = 0;
  while (!from.empty()) {
    Waiting& next = from.front();
    if (!batch.empty() && bytes + next.bytes > limits_.batch_bytes_max) break;
    bytes += next.bytes;
    if (next.commit.urgency != Commit::Urgency::kLazy) --urgent_;
    batch.push_back(std::move(next));
    from.pop_front();
  }
  bytes_there -= bytes;
  return batch;
}

void CommitThread::WriteBatchOf(std::vector<Waiting>& batch) {
  if (failed_) return;  // The process is about to end; restart decides from disk.
  bool sync = false;
  bool changes = false;
  for (const Waiting& waiting : batch) {
    const bool written = !waiting.commit.changes.empty();
    changes |= written;
    sync |= written && waiting.commit.urgency == Commit::Urgency::kSynced;
  }
  if (!changes) return Answer(batch, absl::OkStatus());
  if (no_space_) return DiskFull(batch, rocksdb::Status::NoSpace());

  const absl::Time start = SteadyNow();
  oldest_us_.store(sync ? absl::ToUnixMicros(batch.front().added) : 0, std::memory_order_relaxed);
  std::size_t bytes = 0;
  const rocksdb::Status status = Write(batch, sync, &bytes);
  // Incomplete: writes had to wait for a flush, and that failed.
  if (status.IsNoSpace() || status.IsIncomplete()) return DiskFull(batch, status);
  if (!status.ok()) return Fail(status);
  unsynced_ = !sync;
  if (sync) {
    NoteWait();
    synced_sequence_ = database_.GetLatestSequenceNumber();
    hooks_.synced(synced_sequence_);
  }
  probe_.Committed(batch.size(), bytes, sync, absl::ToDoubleSeconds(SteadyNow() - start));
  Answer(batch, absl::OkStatus());
}

void CommitThread::NoteWait() {
  const std::int64_t wait = absl::ToUnixMicros(SteadyNow()) - oldest_us_.exchange(0);
  longest_wait_us_ = std::max(longest_wait_us_.load(), wait);
}

absl::Duration CommitThread::TakeLongestWait() {
  std::int64_t longest = longest_wait_us_.exchange(0);
  const std::int64_t oldest = oldest_us_;
  if (oldest != 0) longest = std::max(longest, absl::ToUnixMicros(SteadyNow()) - oldest);
  return absl::Microseconds(longest);
}

rocksdb::Status CommitThread::Write(const std::vector<Waiting>& batch,
                                    bool sync,
                                    std::size_t* bytes) {
  batch_->Clear();
  const rocksdb::Status noted = batch_->PutLogData(SyncNote(synced_sequence_));
  POSTERN_CHECK(noted.ok());
  for (const Waiting& waiting : batch) {
    for (const Change& change : waiting.commit.changes) {
      Apply(*batch_, families_[IndexOf(change.family)], change);
    }
  }
  *bytes = batch_->GetDataSize();
  rocksdb::WriteOptions options;
  options.sync = sync && !hooks_.unsafe_no_sync_for_tests;
  const rocksdb::Status status = database_.Write(options, batch_.get());
  // One giant commit must not leave its buffer behind.
  if (batch_->Data().capacity() > 4 * limits_.batch_bytes_max) {
    batch_ = std::make_unique<rocksdb::WriteBatch>();
  }
  return status;
}

void CommitThread::Answer(std::vector<Waiting>& batch, const absl::Status& status) {
  for (Waiting& waiting : batch) {
    if (waiting.commit.done == nullptr) continue;
    waiting.commit.done(waiting.refusal.ok() ? status : waiting.refusal);
  }
}

// Removals are held: what they remove is gone from the queue already. The others can come again.
void CommitThread::DiskFull(std::vector<Waiting>& batch, const rocksdb::Status& cause) {
  oldest_us_ = 0;  // nobody waits for a commit any more
  if (!no_space_) {
    POSTERN_LOG(kError, "store", "the disk is full: new mail is refused until there is space again",
                {{"error", cause.ToString()}});
    probe_.NoSpace();
    probe_.Full(true);
    full_.store(true);
  }
  std::vector<Waiting> refused;
  {
    const std::lock_guard lock(mutex_);
    no_space_ = true;
    for (auto it = batch.rbegin(); it != batch.rend(); ++it) {
      if (it->commit.urgency != Commit::Urgency::kLazy) continue;
      held_bytes_ += it->bytes;
      held_.push_front(std::move(*it));
    }
    for (Waiting& waiting : batch) {
      if (waiting.commit.urgency != Commit::Urgency::kLazy) refused.push_back(std::move(waiting));
    }
    std::deque<Waiting> urgent;
    for (Waiting& waiting : waiting_) {
      if (waiting.commit.urgency != Commit::Urgency::kLazy) {
        urgent.push_back(std::move(waiting));
        continue;
      }
      waiting_bytes_ -= waiting.bytes;
      held_bytes_ += waiting.bytes;
      held_.push_back(std::move(waiting));
    }
    waiting_ = std::move(urgent);
  }
  Answer(refused, NoRoom("the disk is full"));
}

void CommitThread::Fail(const rocksdb::Status& cause) {
  failed_ = true;
  full_.store(true);
  hooks_.fatal(base::Error(absl::StatusCode::kDataLoss, "write the log: ", cause.ToString()));
}

void CommitThread::CheckDisk() {
  disk_checked_ = SteadyNow();
  const std::uint64_t free = hooks_.free_bytes();
  if (no_space_ && !failed_) TryResume(free);
  const bool full = failed_ || no_space_ || free < limits_.disk_reserve;
  if (full == full_.exchange(full)) return;
  probe_.Full(full);
  if (full) {
    POSTERN_LOG(kWarning, "store", "the disk reserve is reached: new mail is refused",
                {{"free_bytes", free}, {"reserve_bytes", limits_.disk_reserve}});
  } else {
    POSTERN_LOG(kInfo, "store", "there is space again: new mail is taken", {{"free_bytes", free}});
  }
}

void CommitThread::TryResume(std::uint64_t free) {
  if (free < limits_.disk_reserve / 4 || SteadyNow() < resume_at_) return;
  const rocksdb::Status status = database_.Resume();
  if (status.ok()) return Resumed();
  if (!status.IsNoSpace() && !status.IsBusy()) return Fail(status);
  // There are bytes, but no write succeeds: a quota, or no inodes.
  resume_delay_ = std::clamp(2 * resume_delay_, limits_.disk_check_interval, kResumeDelayMax);
  resume_at_ = SteadyNow() + resume_delay_;
  POSTERN_LOG(kWarning, "store", "writing cannot be resumed yet", {{"error", status.ToString()}});
}

// Everything that was written lies in table files now, which are synced, and there is a new log.
void CommitThread::Resumed() {
  synced_sequence_ = database_.GetLatestSequenceNumber();
  unsynced_ = false;
  hooks_.synced(synced_sequence_);
  // RocksDB leaves a log whose write failed only when there is something to flush; otherwise it
  // goes on with that log, which takes no write any more. So there is always something.
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  const rocksdb::Status marked = database_.Put(unlogged, families_[IndexOf(Family::kMeta)],
                                               std::string(kBeginKey), MakeValue(kBeginKey, ""));
  if (!marked.ok()) return;  // it failed again meanwhile
  resume_delay_ = absl::ZeroDuration();
  {
    const std::lock_guard lock(mutex_);
    no_space_ = false;
  }
  WriteHeld();
}

void CommitThread::WriteHeld() {
  for (;;) {
    std::vector<Waiting> batch;
    {
      const std::lock_guard lock(mutex_);
      if (failed_ || no_space_ || held_.empty()) return;
      batch = Take(held_, held_bytes_);
    }
    WriteBatchOf(batch);
  }
}

void CommitThread::Finish() {
  if (no_space_ && !failed_) {
    resume_at_ = absl::InfinitePast();
    TryResume(hooks_.free_bytes());
  }
  if (failed_ || no_space_ || hooks_.unsafe_no_sync_for_tests) return;
  const rocksdb::Status status = unsynced_ ? database_.SyncWAL() : rocksdb::Status::OK();
  clean_ = status.ok();
  if (!clean_) {
    POSTERN_LOG(kError, "store", "the last sync failed", {{"error", status.ToString()}});
  } else if (unsynced_) {
    // Not when nothing was synced now: the mark of a resumption has a number and is in no log.
    hooks_.synced(database_.GetLatestSequenceNumber());
  }
}

}  // namespace postern::store
