// common/directory/folder_reader.h
//
// FolderReader: the manifests of a folder, each file read and checked once for as long as it stays
// as it is.
//
// Flow      Read() -> BuildSnapshot(reading.manifests, reading.errors); again whenever one likes.
// Failure   As Look; kUnavailable when the folder changes each time it is read. What is wrong with
//           a text is in the reading's errors.
// Lifetime  Thread-safe: one reads, the others wait.
// Limits    Those of folder.h; of an unchanged file only its state is looked at. In memory it keeps
//           the objects of all files, some five times the size of their text.

#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/directory/checked_manifest.h"
#include "common/directory/folder.h"
#include "common/directory/resource.h"

namespace postern::directory {

class FolderReader {
 public:
  // One moment of the folder. Of a text that is as it was the objects are the same ones.
  struct Reading {
    FolderState state;
    std::vector<CheckedPtr> manifests;  // in the order of the files
    std::vector<ManifestError> errors;
    bool unread = false;  // an error is one of reading a file, and may be gone the next time
    // What the admin API would call the file of an object; null: a file of its own in managed/, and
    // objects may stand in files by hand.
    std::string (*file_of)(Kind kind, std::string_view name) = nullptr;
  };

  explicit FolderReader(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<Reading> Read();

  const std::string& path() const { return path_; }

 private:
  struct FileText {
    FileState state;
    std::int64_t read_ns = 0;
    std::string hash;  // of the text
    std::vector<CheckedPtr> manifests;
    std::vector<ManifestError> errors;
  };

  void ReadFile(const FileState& state, Reading& reading);
  void ForgetAllBut(const std::vector<FileState>& there);

  const std::string path_;
  std::mutex mutex_;
  std::map<std::string, FileText> files_;  // by path
};

// Whether a reading that began at `begun_ns` holds for as long as the folder looks like `look`,
// which was taken after it. If not, the folder has to be read again although it looks the same.
bool Lasts(const absl::StatusOr<FolderReader::Reading>& reading,
           const FolderState& look,
           std::int64_t begun_ns);

}  // namespace postern::directory
