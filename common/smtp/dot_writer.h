// common/smtp/dot_writer.h
//
// DotWriter: content as DATA sends it, as views over the content; the sending side.
//
// Flow      Add each piece of the content, in order; Finish once. Write the parts in between.
// Lifetime  Parts point into the content and into constants.
// See       RFC 5321 §4.5.2

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace postern::smtp {

class DotWriter {
 public:
  // Appends `content` to `parts`, with one more dot before each line that begins with a dot.
  void Add(std::string_view content, std::vector<std::string_view>& parts);

  // Appends the CRLF that the content may lack, and the final dot.
  void Finish(std::vector<std::string_view>& parts);

 private:
  bool line_start_ = true;  // the last byte was LF, or there was none
  bool after_crlf_ = true;
  bool after_cr_ = false;
};

}  // namespace postern::smtp
