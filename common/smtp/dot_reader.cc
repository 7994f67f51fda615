// States, with what was seen since the last CRLF:
//
//   kLineStart  nothing          '.' -> kDot
//   kDot        "."              CR -> kDotCr; else the dot is dropped and the line goes on
//   kDotCr      ".CR"            LF -> done; else the CR is content, and bare
//   kInLine     some bytes       CR -> kCr
//   kCr         ... and a CR     LF -> kLineStart; else the CR is bare
#include "common/smtp/dot_reader.h"

#include <algorithm>
#include <cstring>

namespace postern::smtp {

namespace {

bool HasEightBit(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::size_t at = 0;
  for (; at + 32 <= text.size(); at += 32) {
    std::uint64_t words[4];
    std::memcpy(words, text.data() + at, sizeof words);
    if (((words[0] | words[1] | words[2] | words[3]) & kHighBits) != 0) return true;
  }
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0x80U) != 0) return true;
  }
  return false;
}

}  // namespace

void DotReader::Emit(std::string_view content, std::string* keep) {
  if (content.empty()) return;
  content_bytes_ += content.size();
  if (!nul_) nul_ = std::memchr(content.data(), '\0', content.size()) != nullptr;
  if (!eight_bit_) eight_bit_ = HasEightBit(content);
  if (keep != nullptr) keep->append(content);
}

void DotReader::EndLine(std::size_t bytes) {
  line_bytes_max_ = std::max(line_bytes_max_, line_bytes_ + bytes);
  line_bytes_ = 0;
}

std::size_t DotReader::Take(std::string_view input, std::string* keep) {
  const char* const base = input.data();
  std::size_t at = 0;
  std::size_t run = 0;  // content from here on is not emitted yet
  while (at < input.size() && !done_) {
    switch (at_) {
      case At::kLineStart:
        if (base[at] == '.') {
          Emit(input.substr(run, at - run), keep);
          run = ++at;
          at_ = At::kDot;
        } else {
          at_ = At::kInLine;
        }
        break;
      case At::kDot:
        if (base[at] == '\r') {
          run = ++at;
          at_ = At::kDotCr;
        } else {
          at_ = At::kInLine;
        }
        break;
      case At::kDotCr:
        if (base[at] == '\n') {
          run = ++at;
          done_ = true;
        } else {
          Emit("\r", keep);
          ++line_bytes_;
          bare_cr_ = true;
          at_ = At::kInLine;
        }
        break;
      case At::kCr:
        if (base[at] == '\n') {
          ++at;
          EndLine(0);
          at_ = At::kLineStart;
        } else {
          bare_cr_ = true;
          ++line_bytes_;
          at_ = At::kInLine;
        }
        break;
      case At::kInLine: {
        const void* found = std::memchr(base + at, '\r', input.size() - at);
        const std::size_t cr =
            found == nullptr ? input.size()
                             : static_cast<std::size_t>(static_cast<const char*>(found) - base);
        if (cr > at) {
          if (!bare_lf_) bare_lf_ = std::memchr(base + at, '\n', cr - at) != nullptr;
          line_bytes_ += cr - at;
        }
        at = cr;
        if (found == nullptr) break;
        // The usual line, and no dot behind it: the next one begins at once.
        if (++at + 1 < input.size() && base[at] == '\n' && base[at + 1] != '.') {
          ++at;
          EndLine(0);
        } else {
          at_ = At::kCr;
        }
        break;
      }
    }
  }
  if (!done_) Emit(input.substr(run, at - run), keep);
  return at;
}

}  // namespace postern::smtp
