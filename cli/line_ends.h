// cli/line_ends.h
//
// LineEnds: the lines of a file as a message has them, ended by CR LF; a bare LF becomes one.
//
// Flow      Convert each piece in order; converted() tells how many line ends were changed.
// Limits    A result has at most twice the bytes. A bare CR stays as it is: it may be content, and
//           the server says what it thinks of it.
// See       RFC 5322 §2.1; RFC 5321 §2.3.8

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::cli {

class LineEnds {
 public:
  std::string Convert(std::string_view piece);

  std::uint64_t converted() const { return converted_; }

 private:
  bool after_cr_ = false;
  std::uint64_t converted_ = 0;
};

}  // namespace postern::cli
