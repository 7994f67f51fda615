// common/mail/content.h
//
// ContentScan: what a message's bytes are, found as they come; HeaderCollector: its header block.
//
// Flow      Feed, as often as bytes arrive, in any cut; Finish once; then ask.
// Failure   None. What is found is data for the step that accepts.
// Limits    HeaderCollector keeps at most bytes_max bytes, kHeaderBytesMax unless told.
// See       RFC 5321 §2.3.7, §2.3.8, §4.5.3.1.6; RFC 6152

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace postern::mail {

inline constexpr std::size_t kHeaderBytesMax = 128 * 1024;

class ContentScan {
 public:
  void Feed(std::string_view chunk);

  void Finish() { finished_ = true; }

  // A CR that no LF follows. The last byte of the content is judged at Finish.
  bool bare_cr() const { return crs_ - crlfs_ > (pending_cr() ? 1U : 0U); }

  // An LF that no CR precedes.
  bool bare_lf() const { return bare_lf_; }

  bool nul() const { return nul_; }

  // A byte above 127.
  bool eight_bit() const { return eight_bit_; }

  // ... before the empty line that ends the header block.
  bool header_eight_bit() const { return header_eight_bit_; }

  // Bytes of the longest line, its CRLF not counted; an unfinished line counts as far as it got.
  std::size_t longest_line() const;

  // True for empty content too: there is nothing that lacks its end.
  bool ends_with_crlf() const { return bytes_ == 0 || ended_line_; }

  std::uint64_t bytes() const { return bytes_; }

 private:
  bool pending_cr() const { return last_cr_ && !finished_; }

  std::size_t ScanLines(std::string_view chunk);
  void ScanBytes(std::string_view part, bool header);

  std::uint64_t bytes_ = 0;
  std::uint64_t crs_ = 0;
  std::uint64_t crlfs_ = 0;
  std::size_t line_bytes_ = 0;  // of the line that is open
  std::size_t longest_ = 0;     // of the lines that ended
  bool last_cr_ = false;
  bool ended_line_ = false;
  bool in_header_ = true;
  bool finished_ = false;
  bool bare_lf_ = false;
  bool nul_ = false;
  bool eight_bit_ = false;
  bool header_eight_bit_ = false;
};

// Keeps the first bytes of a message up to and with the empty line that ends its header block.
class HeaderCollector {
 public:
  explicit HeaderCollector(std::size_t bytes_max = kHeaderBytesMax) : bytes_max_(bytes_max) {}

  // How many bytes of `chunk` belong to the header block and were kept; what is left belongs to the
  // body. 0 once complete or overflowed.
  std::size_t Feed(std::string_view chunk);

  // The message has ended: what was kept is the header block.
  void Finish() {
    if (!overflowed_) complete_ = true;
  }

  bool complete() const { return complete_; }

  // The block does not end within bytes_max.
  bool overflowed() const { return overflowed_; }

  // What was kept so far, with the empty line once complete.
  std::string_view header() const { return header_; }

  std::string Take() { return std::move(header_); }

 private:
  std::size_t bytes_max_;
  std::string header_;
  bool complete_ = false;
  bool overflowed_ = false;
};

}  // namespace postern::mail
