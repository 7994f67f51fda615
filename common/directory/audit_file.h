// common/directory/audit_file.h
//
// AuditFile: who changed what in the directory: a JSON line each, on stable storage before it is
// answered.
//
// Flow      Append(line); Last() at a start, to see whether the last change came about.
// Failure   As synced_file.h; what could not be written whole is taken off again.
// Lifetime  Its user holds the lock of the folder. The file is opened for each line.
// Limits    `bytes_max` a file (a line may pass it once), `files_max` files: the log, log.1, ...
//           A line has two manifests at most, so 4 MiB.
// See       AuditLine in proto/postern/v1/directory.proto; settings directory.audit_*

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "postern/v1/directory.pb.h"

namespace postern::directory {

class AuditFile {
 public:
  AuditFile(std::string file, std::uint64_t bytes_max, int files_max)
      : file_(std::move(file)), bytes_max_(bytes_max), files_max_(files_max) {}

  absl::Status Append(const v1::AuditLine& line);

  // Nobody else has written since our last line.
  bool untouched() const;

  // The last whole line; nothing when there is none. A line that cannot be read is none.
  absl::StatusOr<std::optional<v1::AuditLine>> Last() const;

 private:
  absl::Status Rotate();

  const std::string file_;
  const std::uint64_t bytes_max_;
  const int files_max_;
  std::optional<std::uint64_t> bytes_;  // after our last line
};

}  // namespace postern::directory
