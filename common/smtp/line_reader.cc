#include "common/smtp/line_reader.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"

namespace postern::smtp {

namespace {

// Says which ends of lines are broken in `text`, which holds no CRLF but for `text` being cut
// before it.
void FindBareEnds(std::string_view text, Line& line) {
  if (text.empty()) return;
  line.bare_lf = std::memchr(text.data(), '\n', text.size()) != nullptr;
  line.bare_cr = std::memchr(text.data(), '\r', text.size()) != nullptr;
}

}  // namespace

LineReader::LineReader(io::Stream& stream, std::size_t buffer_bytes)
    : stream_(&stream),
      capacity_(buffer_bytes),
      buffer_(std::make_unique_for_overwrite<char[]>(buffer_bytes)) {}

std::size_t LineReader::AfterLine(std::size_t from) const {
  const char* const base = buffer_.get();
  std::size_t at = from;
  while (at < end_) {
    const void* found = std::memchr(base + at, '\n', end_ - at);
    if (found == nullptr) return 0;
    const auto lf = static_cast<std::size_t>(static_cast<const char*>(found) - base);
    if (lf > begin_ && base[lf - 1] == '\r') return lf + 1;
    at = lf + 1;
  }
  return 0;
}

Line LineReader::Cut(std::size_t after, std::size_t bytes_max) {
  Line line;
  line.text = std::string_view(buffer_.get() + begin_, after - 2 - begin_);
  begin_ = after;
  scanned_ = after;
  if (passing_over_) {
    line.text = std::string_view(shown_, shown_bytes_);
    line.too_long = true;
    passing_over_ = false;
  } else if (line.text.size() > bytes_max) {
    line.text = line.text.substr(0, std::min(bytes_max, kTooLongShown));
    line.too_long = true;
  }
  FindBareEnds(line.text, line);
  return line;
}

// The line cannot fit any more: forgets what there is of it, but for a CR that an LF may follow.
void LineReader::PassOver() {
  if (!passing_over_) {
    shown_bytes_ = std::min(end_ - begin_, kTooLongShown);
    std::memcpy(shown_, buffer_.get() + begin_, shown_bytes_);
    passing_over_ = true;
  }
  begin_ = end_ > begin_ && buffer_[end_ - 1] == '\r' ? end_ - 1 : end_;
  scanned_ = begin_;
}

std::optional<Line> LineReader::TakeLine(std::size_t bytes_max) {
  POSTERN_CHECK(bytes_max + 2 <= capacity_);
  const std::size_t after = AfterLine(std::max(begin_, scanned_));
  if (after != 0) return Cut(after, bytes_max);
  scanned_ = end_;
  // One byte more than allowed may be the CR of the end.
  if (passing_over_ || end_ - begin_ > bytes_max + 1) PassOver();
  return std::nullopt;
}

io::Task<absl::StatusOr<Line>> LineReader::ReadLine(std::size_t bytes_max) {
  while (true) {
    if (std::optional<Line> line = TakeLine(bytes_max)) co_return *line;
    const absl::Status filled = co_await Fill();
    if (!filled.ok()) co_return filled;
  }
}

void LineReader::Consume(std::size_t bytes) {
  POSTERN_CHECK(bytes <= end_ - begin_);
  begin_ += bytes;
  scanned_ = std::max(scanned_, begin_);
}

io::Task<absl::Status> LineReader::Fill() {
  if (begin_ == end_) {
    begin_ = end_ = scanned_ = 0;
  } else if (capacity_ - end_ < capacity_ / 4 && begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    scanned_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  POSTERN_CHECK(end_ < capacity_);
  const absl::StatusOr<std::size_t> got =
      co_await stream_->Read(buffer_.get() + end_, capacity_ - end_);
  if (!got.ok()) co_return got.status();
  if (*got == 0) co_return absl::UnavailableError("the peer closed the connection");
  end_ += *got;
  co_return absl::OkStatus();
}

void LineReader::Reset(io::Stream& stream) {
  stream_ = &stream;
  begin_ = end_ = scanned_ = 0;
  passing_over_ = false;
}

}  // namespace postern::smtp
