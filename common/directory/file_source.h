// common/directory/file_source.h
//
// The directory from a folder of YAML manifests: read once, or watched.
//
// Flow      LoadFolder(path). Or: FileSource source(settings); source.Start(changed); current();
//           LoadNow after a change of one's own; Stop.
// Failure   kNotFound, kPermissionDenied: the folder cannot be read. kInvalidArgument: every
//           finding, one a line, "file.yaml:12: spec.port: ...". An empty folder is an empty
//           directory.
// Lifetime  `changed` runs on the watch's own thread or on that of LoadNow.
// Limits    20,000 files (*.yaml, *.yml, folders below included, names that begin with a dot not),
//           1 MiB each; the polls read no content unless something changed.
// See       common/directory/settings.h; common/directory/disk_copy.h

#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/directory/disk_copy.h"
#include "common/directory/folder_reader.h"
#include "common/directory/settings.h"
#include "common/directory/source.h"

namespace postern::directory {

absl::StatusOr<SnapshotPtr> LoadFolder(const std::string& path);

class FileSource final : public DirectorySource {
 public:
  explicit FileSource(const DirectorySettings& settings);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  // Loads the folder, or else the copy on disk, marked stale; with neither, says why. Then watches.
  absl::Status Start(Changed changed) override;
  void Stop() override;

  SnapshotPtr current() const override;
  DirectoryReadings readings() const override;

  // Loads without waiting for the folder to be quiet: when it returns OK, what the folder held at
  // the call is in force. From a thread that runs no executor.
  absl::Status LoadNow();

  // One look at the folder; after a change it waits until the folder is quiet. The watch's own
  // thread does this at every poll.
  void RunOnce();

  // Shared with who changes the folder, so that each file is parsed once.
  const std::shared_ptr<FolderReader>& reader() const { return reader_; }

 private:
  void Run();
  bool WaitFor(absl::Duration span);  // false when stopping
  absl::Status Load();
  bool last_load_good() const;
  void NoteFailure(const absl::Status& status);
  void Publish(SnapshotPtr snapshot);
  void WriteCopyWhenDue();

  const std::shared_ptr<FolderReader> reader_;
  const absl::Duration poll_interval_;
  const absl::Duration quiet_time_;

  mutable std::mutex run_mutex_;  // one load at a time
  FolderState seen_;
  bool settled_ = false;           // the last load holds for as long as the folder looks as it did
  std::vector<CheckedPtr> built_;  // what the last good snapshot is made of
  DiskCopy disk_copy_;
  Changed changed_;

  mutable std::mutex mutex_;  // below: shared with readers
  std::condition_variable wake_;
  bool stopping_ = false;
  SnapshotPtr current_;
  DirectoryReadings readings_;
  std::thread thread_;
};

}  // namespace postern::directory
