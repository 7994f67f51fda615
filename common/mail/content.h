// common/mail/content.h
//
// ContentScan: what a message's bytes are, found as they come.
//
// Flow      Feed, as often as bytes arrive, in any cut; Finish once; then ask.
// Failure   None. What is found is data for the step that accepts.
// See       RFC 5321 §2.3.7, §2.3.8, §4.5.3.1.6; RFC 6152

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::mail {

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

  // Bytes of the longest line, its CRLF not counted; an unfinished line counts as far as it got.
  std::size_t longest_line() const;

  std::uint64_t bytes() const { return bytes_; }

 private:
  bool pending_cr() const { return last_cr_ && !finished_; }

  void ScanLines(std::string_view chunk);
  void ScanBytes(std::string_view chunk);

  std::uint64_t bytes_ = 0;
  std::uint64_t crs_ = 0;
  std::uint64_t crlfs_ = 0;
  std::size_t line_bytes_ = 0;  // of the line that is open
  std::size_t longest_ = 0;     // of the lines that ended
  bool last_cr_ = false;
  bool finished_ = false;
  bool bare_lf_ = false;
  bool nul_ = false;
  bool eight_bit_ = false;
};

}  // namespace postern::mail
