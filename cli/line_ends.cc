#include "cli/line_ends.h"

namespace postern::cli {

std::string LineEnds::Convert(std::string_view piece) {
  std::string out;
  out.reserve(piece.size() + piece.size() / 16);
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    if (end == std::string_view::npos) {
      out.append(piece);
      after_cr_ = piece.back() == '\r';
      return out;
    }
    const bool complete = end > 0 ? piece[end - 1] == '\r' : after_cr_;
    out.append(piece.substr(0, end));
    out.append(complete ? "\n" : "\r\n");
    if (!complete) ++converted_;
    after_cr_ = false;
    piece.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace postern::cli
