// common/observe/csv_log.h
//
// CsvLog: a log of comma-separated lines in Exchange's form, in files that follow one another,
// written off the hot path.
//
// Flow      Open; Write from any thread; destroying writes what waits.
// Failure   Open: kUnavailable naming the folder. Write cannot fail: a full queue or a failed write
//           loses lines, which are counted.
// Lifetime  A thread of its own. The clock outlives it.
// Limits    kWaitingBytesMax wait. A file is `<prefix>yyyymmdd-n.log`: a new one each UTC day, at
//           each start, when the next line would make it longer than file_bytes_max, and when the
//           open one was removed or moved away. The oldest are removed so that all files of the
//           prefix, the open one at its full size, stay within directory_bytes_max; and those that
//           were last written age_max ago.
// See       Exchange's protocol, connectivity and message tracking logs; RFC 4180

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"

namespace postern::observe {

inline constexpr std::size_t kWaitingBytesMax = 4 * 1024 * 1024;

struct CsvLogOptions {
  std::string folder;                             // made when it is not there
  std::string prefix;                             // "SEND"
  std::string log_type;                           // "SMTP Send Protocol Log"
  std::string fields;                             // "date-time,connector-id,..."
  std::string step;                               // for our own log, when it cannot be written
  absl::Duration age_max = absl::Hours(30 * 24);  // zero: no age is too great
  std::uint64_t directory_bytes_max = 250 * 1024 * 1024;
  std::uint64_t file_bytes_max = 10 * 1024 * 1024;
};

class CsvLog {
 public:
  static absl::StatusOr<std::shared_ptr<CsvLog>> Open(CsvLogOptions options,
                                                      base::Clock& clock = base::Clock::System());
  ~CsvLog();
  CsvLog(const CsvLog&) = delete;
  CsvLog& operator=(const CsvLog&) = delete;

  // `line` without its end.
  void Write(std::string_view line);

  // Waits until what was written before is on its way to the disk; for the end and for tests.
  void Flush();

  std::uint64_t lines_lost() const;

  const std::string& folder() const { return folder_; }

 private:
  class Files;

  CsvLog(std::unique_ptr<Files> files, std::string folder, std::string step);
  void Run();

  const std::unique_ptr<Files> files_;  // of the thread, once it runs
  const std::string folder_;
  const std::string step_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::string waiting_;
  std::uint64_t waiting_lines_ = 0;
  std::uint64_t lines_lost_ = 0;
  bool writing_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

// Appends one value of a line: in quotes where it needs them, control bytes as "?".
void AppendCsv(std::string& line, std::string_view value);

}  // namespace postern::observe
