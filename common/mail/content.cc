#include "common/mail/content.h"

#include <algorithm>
#include <cstring>

namespace postern::mail {

namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kLowBits = 0x7f7f7f7f7f7f7f7f;
constexpr std::uint64_t kHighBits = 0x8080808080808080;

// The high bit of each byte of `word` that is zero, exactly.
std::uint64_t ZeroBytes(std::uint64_t word) {
  return ~(((word & kLowBits) + kLowBits) | word | kLowBits);
}

}  // namespace

void ContentScan::Feed(std::string_view chunk) {
  if (chunk.empty()) return;
  const bool began_in_header = in_header_;
  const std::size_t header_end = ScanLines(chunk);
  if (began_in_header) {
    ScanBytes(chunk.substr(0, header_end), true);
    ScanBytes(chunk.substr(header_end), false);
  } else {
    ScanBytes(chunk, false);
  }
  bytes_ += chunk.size();
  last_cr_ = chunk.back() == '\r';
}

// Follows the LFs; the offset at which the header block ends in this chunk, or the chunk's size.
std::size_t ContentScan::ScanLines(std::string_view chunk) {
  std::size_t header_end = chunk.size();
  std::size_t begin = 0;
  while (begin < chunk.size()) {
    const void* found = std::memchr(chunk.data() + begin, '\n', chunk.size() - begin);
    if (found == nullptr) {
      line_bytes_ += chunk.size() - begin;
      ended_line_ = false;
      break;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data());
    const bool after_cr = at == 0 ? last_cr_ : chunk[at - 1] == '\r';
    const std::size_t line = line_bytes_ + (at - begin) - (after_cr ? 1 : 0);
    longest_ = std::max(longest_, line);
    line_bytes_ = 0;
    ended_line_ = after_cr;
    if (after_cr) {
      ++crlfs_;
      if (in_header_ && line == 0) {
        in_header_ = false;
        header_end = at + 1;
      }
    } else {
      bare_lf_ = true;
    }
    begin = at + 1;
  }
  return header_end;
}

// One pass for what needs every byte, eight at a time: high bits, NULs, and the number of CRs.
// Every CR belongs to a CRLF exactly when there are as many of the one as of the other.
void ContentScan::ScanBytes(std::string_view part, bool header) {
  std::uint64_t high = 0;
  std::uint64_t zeros = 0;
  std::uint64_t crs = 0;
  const auto take = [&](std::uint64_t word) {
    high |= word;
    zeros |= ZeroBytes(word);
    // The product's top byte is the sum of the bytes: how many are CR.
    crs += (ZeroBytes(word ^ (kOnes * '\r')) >> 7) * kOnes >> 56;
  };
  std::size_t at = 0;
  for (; at + 8 <= part.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, part.data() + at, 8);
    take(word);
  }
  if (at < part.size()) {
    std::uint64_t word = kOnes * ' ';
    std::memcpy(&word, part.data() + at, part.size() - at);
    take(word);
  }
  crs_ += crs;
  if (zeros != 0) nul_ = true;
  if ((high & kHighBits) != 0) {
    eight_bit_ = true;
    if (header) header_eight_bit_ = true;
  }
}

std::size_t ContentScan::longest_line() const {
  const std::size_t open = line_bytes_ - (line_bytes_ > 0 && pending_cr() ? 1 : 0);
  return std::max(longest_, open);
}

std::size_t HeaderCollector::Feed(std::string_view chunk) {
  if (complete_ || overflowed_ || chunk.empty()) return 0;
  const std::size_t before = header_.size();
  const std::size_t room = bytes_max_ - before;
  // The end may begin in the last three bytes of what is there.
  header_.append(chunk.substr(0, room));
  const std::size_t from = before < 3 ? 0 : before - 3;
  const bool at_start = std::string_view(header_).starts_with("\r\n");
  const std::size_t at = at_start ? 0 : header_.find("\r\n\r\n", from);
  if (at != std::string::npos) {
    header_.resize(at_start ? 2 : at + 4);
    complete_ = true;
  } else if (chunk.size() > room) {
    overflowed_ = true;
  }
  return header_.size() - before;
}

}  // namespace postern::mail
