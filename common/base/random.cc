#include "common/base/random.h"

#include <sys/random.h>

#include "common/base/check.h"

namespace postern::base {

namespace {

class SystemRandom final : public Random {
 public:
  // One system call buys 32 numbers; the kernel gives up to 256 bytes whole.
  std::uint64_t Next() override {
    thread_local std::uint64_t pool[32];
    thread_local std::size_t left = 0;
    if (left == 0) {
      POSTERN_CHECK(getrandom(pool, sizeof pool, 0) == static_cast<ssize_t>(sizeof pool));
      left = 32;
    }
    return pool[--left];
  }
};

}  // namespace

absl::Duration Random::HalfToAll(absl::Duration span) {
  const auto half = static_cast<std::uint64_t>(absl::ToInt64Microseconds(span) / 2);
  return absl::Microseconds(half + Below(half + 1));
}

absl::Duration Random::Around(absl::Duration span, int percent) {
  const std::int64_t spread = absl::ToInt64Milliseconds(span) * percent / 100;
  if (spread <= 0) return span;
  const auto offset = Below(static_cast<std::uint64_t>(2 * spread + 1));
  return span + absl::Milliseconds(static_cast<std::int64_t>(offset) - spread);
}

std::string Random::Uuid() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  std::uint64_t bits = 0;
  for (int i = 0; i < 32; ++i) {
    if (i % 16 == 0) bits = Next();
    unsigned nibble = bits & 15;
    bits >>= 4;
    if (i == 12) nibble = 4;
    if (i == 16) nibble = 8 | (nibble & 3);
    if (i == 8 || i == 12 || i == 16 || i == 20) out.push_back('-');
    out.push_back(kDigits[nibble]);
  }
  return out;
}

Random& Random::System() {
  static SystemRandom random;
  return random;
}

std::uint64_t SeededRandom::Next() {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace postern::base
