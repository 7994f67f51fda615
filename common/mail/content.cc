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
  ScanLines(chunk);
  ScanBytes(chunk);
  bytes_ += chunk.size();
  last_cr_ = chunk.back() == '\r';
}

// Follows the LFs.
void ContentScan::ScanLines(std::string_view chunk) {
  std::size_t begin = 0;
  while (begin < chunk.size()) {
    const void* found = std::memchr(chunk.data() + begin, '\n', chunk.size() - begin);
    if (found == nullptr) {
      line_bytes_ += chunk.size() - begin;
      break;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data());
    const bool after_cr = at == 0 ? last_cr_ : chunk[at - 1] == '\r';
    const std::size_t line = line_bytes_ + (at - begin) - (after_cr ? 1 : 0);
    longest_ = std::max(longest_, line);
    line_bytes_ = 0;
    if (after_cr) {
      ++crlfs_;
    } else {
      bare_lf_ = true;
    }
    begin = at + 1;
  }
}

// One pass for what needs every byte, eight at a time: high bits, NULs, and the number of CRs.
// Every CR belongs to a CRLF exactly when there are as many of the one as of the other.
void ContentScan::ScanBytes(std::string_view chunk) {
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
  for (; at + 8 <= chunk.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, chunk.data() + at, 8);
    take(word);
  }
  if (at < chunk.size()) {
    std::uint64_t word = kOnes * ' ';
    std::memcpy(&word, chunk.data() + at, chunk.size() - at);
    take(word);
  }
  crs_ += crs;
  if (zeros != 0) nul_ = true;
  if ((high & kHighBits) != 0) eight_bit_ = true;
}

std::size_t ContentScan::longest_line() const {
  const std::size_t open = line_bytes_ - (line_bytes_ > 0 && pending_cr() ? 1 : 0);
  return std::max(longest_, open);
}

}  // namespace postern::mail
