// common/directory/remote_source.h
//
// RemoteSource: a directory that somebody else keeps, followed by a thread, with a copy on disk for
// when he is away.
//
// Flow      A source derives from it: Run, on the thread, calls Publish for each new snapshot and
//           returns soon after Interrupt.
// Failure   Start: kFailedPrecondition when neither the keeper nor a copy gives a directory;
//           kCancelled when the process is to stop meanwhile.
// Lifetime  The destructor of what derives calls Stop.
// Limits    Start waits as long as the keeper's two waits say.
// See       common/directory/followed_source.h; common/kubernetes/source.h

#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "common/directory/disk_copy.h"
#include "common/directory/source.h"

namespace postern::directory {

class RemoteSource : public DirectorySource {
 public:
  absl::Status Start(Changed changed) final;
  void Stop() final;

  SnapshotPtr current() const final;
  DirectoryReadings readings() const final;

 protected:
  // Who has the directory, and how long a start waits for him.
  struct Keeper {
    std::string_view name;   // in errors: "its writer"
    std::string_view field;  // of log lines: "writer"
    std::string address;
    absl::Duration wait;
    absl::Duration wait_with_copy;
    std::string_view advice;  // behind the error of a start without a directory
  };

  RemoteSource(Keeper keeper, DiskCopy disk_copy);

  virtual void Run() = 0;
  // From any thread, after stopping_ was set: ends what Run waits for.
  virtual void Interrupt() = 0;

  // Before Run: what may be built upon, though it may be old.
  virtual void TakeCopy(const SnapshotPtr& /*copy*/) {}

  const std::string& address() const { return keeper_.address; }

  // `snapshot` is in force from here on.
  void Publish(SnapshotPtr snapshot);

  DiskCopy disk_copy_;  // of the thread, after Start

  mutable std::mutex mutex_;  // below: shared with readers
  mutable std::condition_variable wake_;
  bool stopping_ = false;
  SnapshotPtr current_;
  DirectoryReadings readings_;

 private:
  absl::Status Refusal(std::string_view no_copy) const;

  const Keeper keeper_;
  bool started_ = false;  // with mutex_, as is the next
  Changed changed_;
  std::thread thread_;
};

}  // namespace postern::directory
