// common/directory/folder.h
//
// Folder: which manifests a folder holds, how to tell that they changed, and their text.
//
// Flow      Look(path) -> FolderState; ReadFolder(path) -> texts. Equal states: nothing changed.
// Failure   kNotFound, kPermissionDenied, kInvalidArgument (not a folder, too many files, a file too large).
// Limits    kFilesMax files, kDepthMax folders deep, kManifestBytesMax a file.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace postern::directory {

inline constexpr std::size_t kFilesMax = 1000;
inline constexpr int kDepthMax = 8;

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
  std::string error;  // why it cannot be read; empty when it can
  std::vector<FileState> files;  // in the order of their paths

  bool operator==(const FolderState&) const = default;

  std::int64_t newest_ns() const;
};

struct FileText {
  std::string path;
  std::string text;
};

absl::StatusOr<FolderState> Look(const std::string& folder);

absl::StatusOr<std::vector<FileText>> ReadFolder(const std::string& folder,
                                                 const FolderState& state);

}  // namespace postern::directory
