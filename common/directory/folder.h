// common/directory/folder.h
//
// Folder: which manifests a folder holds, how to tell that they changed, and their text.
//
// Flow      Look(path) -> FolderState; ReadFileText for each. Equal states: nothing changed.
// Failure   kNotFound, kPermissionDenied, kInvalidArgument (not a folder, too many files, not a
//           file).
// Limits    kFilesMax files, kFoldersMax folders, kDepthMax deep, kFolderBytesMax in all.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace postern::directory {

// 10,000 objects of the admin API, a file each, and as many files by hand.
inline constexpr std::size_t kFilesMax = 20'000;
inline constexpr std::size_t kFoldersMax = 1000;
inline constexpr int kDepthMax = 8;
inline constexpr std::uint64_t kFolderBytesMax = 64 * 1024 * 1024;

// One manifest as the file system shows it, symbolic links followed.
struct FileState {
  std::string path;  // relative to the folder
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileState&) const = default;
};

struct FolderState {
  std::string error;             // why it cannot be read; empty when it can
  std::vector<FileState> files;  // in the order of their paths

  bool operator==(const FolderState&) const = default;

  // The latest change of any file, in nanoseconds since 1970.
  std::int64_t newest_ns() const;
};

// Files *.yaml and *.yml; names that begin with a dot are passed over, files and folders alike.
absl::StatusOr<FolderState> Look(const std::string& folder, std::size_t files_max = kFilesMax);

// The whole of a regular file of at most `bytes_max` bytes.
absl::StatusOr<std::string> ReadFileText(const std::string& path, std::size_t bytes_max);

}  // namespace postern::directory
