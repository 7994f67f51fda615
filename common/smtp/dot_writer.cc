#include "common/smtp/dot_writer.h"

#include <cstring>

namespace postern::smtp {

// Content with a bare LF is refused at the door. Should some come here all the same, a dot behind
// it is doubled too: a lenient peer must never see a lone dot of the content as the end.
void DotWriter::Add(std::string_view content, std::vector<std::string_view>& parts) {
  if (content.empty()) return;
  std::size_t run = 0;
  std::size_t at = 0;
  bool line_start = line_start_;
  while (at < content.size()) {
    if (line_start && content[at] == '.') {
      // The dot itself is sent twice: once at the end of this part, once at the start of the next.
      parts.push_back(content.substr(run, at + 1 - run));
      run = at;
    }
    const void* lf = std::memchr(content.data() + at, '\n', content.size() - at);
    if (lf == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const char*>(lf) - content.data()) + 1;
    line_start = true;
  }
  parts.push_back(content.substr(run));

  const char last = content.back();
  const bool cr_before = content.size() > 1 ? content[content.size() - 2] == '\r' : after_cr_;
  line_start_ = last == '\n';
  after_crlf_ = last == '\n' && cr_before;
  after_cr_ = last == '\r';
}

void DotWriter::Finish(std::vector<std::string_view>& parts) {
  parts.push_back(after_crlf_ ? std::string_view(".\r\n") : std::string_view("\r\n.\r\n"));
}

}  // namespace postern::smtp
