// common/smtp/dot_reader.h
//
// DotReader: finds the end of DATA and takes the extra dots out; the receiving side.
//
// Flow      Take with the bytes as they arrive, cut anywhere, until done(); then judge the faults.
// Failure   Never. Content with a bare CR, a bare LF or a NUL is read to its true end, so that the
//           caller can refuse it and go on with the session.
// Limits    None of its own: the caller watches content_bytes() and may stop keeping (see Take).
// See       RFC 5321 §2.3.8, §4.1.1.4, §4.5.2. Only <CRLF>.<CRLF> ends content: "\n.\n", "\r.\r",
//           "\n.\r\n" and "\r\n.\n" do not (SMTP smuggling)

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postern::smtp {

class DotReader {
 public:
  // Takes bytes of `input` up to the end of the content at most, and returns how many. Appends the
  // content to `keep`; with null it is counted and checked only.
  std::size_t Take(std::string_view input, std::string* keep);

  bool done() const { return done_; }

  std::uint64_t content_bytes() const { return content_bytes_; }

  bool bare_cr() const { return bare_cr_; }

  bool bare_lf() const { return bare_lf_; }

  bool nul() const { return nul_; }

  bool eight_bit() const { return eight_bit_; }

  // The longest line seen, without CRLF.
  std::size_t line_bytes_max() const { return line_bytes_max_; }

 private:
  enum class At : std::uint8_t { kLineStart, kDot, kDotCr, kInLine, kCr };

  void Emit(std::string_view content, std::string* keep);
  void EndLine(std::size_t bytes);

  At at_ = At::kLineStart;  // DATA's own CRLF counts
  bool done_ = false;
  bool bare_cr_ = false;
  bool bare_lf_ = false;
  bool nul_ = false;
  bool eight_bit_ = false;
  std::uint64_t content_bytes_ = 0;
  std::size_t line_bytes_ = 0;  // of the line that is being read
  std::size_t line_bytes_max_ = 0;
};

}  // namespace postern::smtp
