// common/observe/log_writer.h
//
// LogWriter: takes finished lines at once and writes them from a thread of its own; the only place
// that knows spdlog.
//
// Flow      Open; Write from any thread; destroying writes what waits.
// Failure   Open: kUnavailable naming the file. Write cannot fail: a full queue loses its oldest
//           line, a failed write its lines, and both are counted. A reader that stands still for a
//           second, as behind a full pipe, counts as gone until it reads again.
// Limits    8192 lines wait; up to 64 KiB are written at once; a line waits about 2 ms for others.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace postern::observe {

class LogWriter {
 public:
  // An empty path is standard output.
  static absl::StatusOr<std::shared_ptr<LogWriter>> Open(const std::string& path);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // `line` without its end.
  void Write(std::string_view line);

 private:
  struct State;
  explicit LogWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Writes one line to a file descriptor now.
void WriteLine(int fd, std::string_view line);

}  // namespace postern::observe
