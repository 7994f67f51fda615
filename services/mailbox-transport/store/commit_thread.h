// services/mailbox-transport/store/commit_thread.h
//
// CommitThread: the one thread that writes; everyone who waits shares one batch and one sync.
//
// Flow      Add a Commit from any thread; its `done` runs on this thread, after the write, and
//           after the sync when anything in the batch is kSynced.
// Failure   Disk full: kSynced and kPrompt are answered kResourceExhausted; kLazy ones are held,
//           and written in order, before anything new, when there is space again. Any other
//           error: nobody is answered, and `fatal` is called.
// Lifetime  The destructor writes what waits, syncs, and joins. Borrows the database.
// Limits    A batch holds batch_bytes_max unless one commit alone is larger. queue_bytes_max bounds
//           what waits (kLazy gets in all the same: refusing a removal would not make it smaller),
//           and, apart from that, what is held while the disk is full; beyond it a kLazy one is
//           answered kResourceExhausted and not written.
// See       docs/data.md "The log"

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

#include "services/mailbox-transport/store/change.h"
#include "services/mailbox-transport/store/probe.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace postern::store {

struct Commit {
  enum class Urgency : std::uint8_t { kLazy, kPrompt, kSynced };
  using Done = absl::AnyInvocable<void(absl::Status)>;

  Urgency urgency = Urgency::kLazy;
  bool from_reserve = false;  // it may use the disk reserve, as kLazy ones may
  std::vector<Change> changes;
  Done done;  // may be empty
};

struct CommitLimits {
  absl::Duration lazy_delay = absl::Milliseconds(50);
  absl::Duration disk_check_interval = absl::Seconds(1);
  std::uint64_t batch_bytes_max = 1 << 20;
  std::uint64_t queue_bytes_max = 64 << 20;
  std::uint64_t disk_reserve = 256 << 20;
};

struct CommitHooks {
  std::function<std::uint64_t()> free_bytes;       // of the disk under the store
  std::function<void(const absl::Status&)> fatal;  // does not return, except in tests
  std::function<void(std::uint64_t)> synced;       // everything up to this sequence is on disk
  bool unsafe_no_sync_for_tests = false;
};

// The note at the head of each batch: how far the log was synced when the batch was written.
std::string SyncNote(std::uint64_t synced_sequence);

class CommitThread {
 public:
  CommitThread(rocksdb::DB& database,
               std::vector<rocksdb::ColumnFamilyHandle*> families,
               const CommitLimits& limits,
               CommitHooks hooks,
               Probe& probe);
  ~CommitThread();
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  void Add(Commit commit);

  // Writes what waits, syncs, and joins; what is added later is dropped unanswered.
  void Stop();

  // The disk reserve is reached or the disk was full.
  bool full() const { return full_.load(std::memory_order_relaxed); }

  // The longest that a synced commit waited since this was asked before; one under way counts.
  absl::Duration TakeLongestWait();

  // After Stop: all that was answered is on disk.
  bool clean() const { return clean_; }

 private:
  struct Waiting {
    Commit commit;
    std::size_t bytes = 0;
    absl::Time added;
    absl::Status refusal;
  };

  void Loop();
  absl::Status RefusalFor(const Waiting& waiting) const;
  bool Wait(std::unique_lock<std::mutex>& lock);
  std::vector<Waiting> Take(std::deque<Waiting>& from, std::size_t& bytes_there);
  bool LazyDue() const;
  void NoteWait();
  void WriteBatchOf(std::vector<Waiting>& batch);
  rocksdb::Status Write(const std::vector<Waiting>& batch, bool sync, std::size_t* bytes);
  void Answer(std::vector<Waiting>& batch, const absl::Status& status);
  void DiskFull(std::vector<Waiting>& batch, const rocksdb::Status& cause);
  void Fail(const rocksdb::Status& cause);
  void CheckDisk();
  void TryResume(std::uint64_t free);
  void Resumed();
  void WriteHeld();
  void Finish();

  rocksdb::DB& database_;
  const std::vector<rocksdb::ColumnFamilyHandle*> families_;
  const CommitLimits limits_;
  CommitHooks hooks_;
  Probe& probe_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t urgent_ = 0;    // commits in waiting_ that are not lazy
  std::deque<Waiting> held_;  // lazy ones, older than those in waiting_, since the disk is full
  std::size_t held_bytes_ = 0;
  bool no_space_ = false;
  bool stopping_ = false;

  // Of the thread alone.
  std::unique_ptr<rocksdb::WriteBatch> batch_;
  std::uint64_t synced_sequence_ = 0;
  bool unsynced_ = false;
  bool failed_ = false;
  bool clean_ = false;
  absl::Duration resume_delay_;
  // These, and when a commit was added, are of a steady clock.
  absl::Time resume_at_ = absl::InfinitePast();
  absl::Time disk_checked_ = absl::InfinitePast();

  std::atomic<std::int64_t> longest_wait_us_{0};
  std::atomic<std::int64_t> oldest_us_{0};  // when the oldest of the batch under way came; 0: none
  std::atomic<bool> full_{false};
  std::thread thread_;
};

}  // namespace postern::store
