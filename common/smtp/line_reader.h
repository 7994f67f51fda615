// common/smtp/line_reader.h
//
// LineReader: the buffered reading side of one SMTP connection, for clients and servers.
//
// Flow      ReadLine, again; or TakeLine until it gives nothing, then Fill. For content:
//           buffered(), Consume, Fill.
// Failure   ReadLine, Fill: the stream's failure; kUnavailable "the peer closed the connection" at
//           its end, also in the middle of a line. A line that breaks a rule is a Line, not a
//           failure.
// Lifetime  Borrows the stream. A view lives until the next call that reads or takes.
// Limits    Holds `buffer_bytes`; a longer line is passed over to its CRLF. The stream's deadline
//           bounds each wait.
// See       RFC 5321 §2.3.8: only CRLF ends a line

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/io/stream.h"
#include "common/io/task.h"

namespace postern::smtp {

struct Line {
  std::string_view text;  // without CRLF; the beginning of it when too long
  bool too_long = false;
  bool bare_cr = false;  // a CR that no LF follows
  bool bare_lf = false;  // an LF that no CR precedes
};

class LineReader {
 public:
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  explicit LineReader(io::Stream& stream, std::size_t buffer_bytes = kBufferBytes);

  // The next line of at most `bytes_max` bytes, CRLF not counted.
  io::Task<absl::StatusOr<Line>> ReadLine(std::size_t bytes_max);

  // The same from the buffer alone; nullopt when no line is whole there.
  std::optional<Line> TakeLine(std::size_t bytes_max);

  // Bytes that arrived and were not taken. After STARTTLS there must be none.
  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }

  // True inside a line that is too long already.
  bool passing_over() const { return passing_over_; }

  // Takes the first `bytes` of buffered().
  void Consume(std::size_t bytes);

  // Waits for more bytes behind those that are buffered.
  io::Task<absl::Status> Fill();

  // Goes on with another stream (after a TLS handshake) and forgets what is buffered.
  void Reset(io::Stream& stream);

 private:
  static constexpr std::size_t kTooLongShown = 64;

  // The first unread byte behind a CRLF at or after `from`; 0 when there is none.
  std::size_t AfterLine(std::size_t from) const;
  Line Cut(std::size_t after, std::size_t bytes_max);
  void PassOver();

  io::Stream* stream_;
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t scanned_ = 0;    // no CRLF begins in [begin_, scanned_)
  bool passing_over_ = false;  // inside a line that is too long
  char shown_[kTooLongShown] = {};
  std::size_t shown_bytes_ = 0;
};

}  // namespace postern::smtp
