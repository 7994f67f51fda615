#include "services/mailbox-transport/store/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace postern::store {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    for (std::size_t slice = 1; slice < 8; ++slice) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

#if defined(__x86_64__)
// What a state becomes by so many zero bytes, by each of its bytes.
using ShiftTables = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr ShiftTables MakeShift(std::size_t zero_bytes) {
  std::array<std::uint32_t, 32> of_bit{};
  for (std::size_t bit = 0; bit < 32; ++bit) {
    std::uint32_t state = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < zero_bytes; ++i)
      state = (state >> 8) ^ kTables[0][state & 0xff];
    of_bit[bit] = state;
  }
  ShiftTables shift{};
  for (std::size_t byte = 0; byte < 4; ++byte) {
    for (std::size_t value = 0; value < 256; ++value) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if ((value >> bit & 1) != 0) shift[byte][value] ^= of_bit[8 * byte + bit];
      }
    }
  }
  return shift;
}

constexpr std::size_t kStripe = 256;
constexpr ShiftTables kOneStripe = MakeShift(kStripe);
constexpr ShiftTables kTwoStripes = MakeShift(2 * kStripe);

std::uint32_t Shifted(const ShiftTables& shift, std::uint64_t state) {
  return shift[0][state & 0xff] ^ shift[1][(state >> 8) & 0xff] ^ shift[2][(state >> 16) & 0xff] ^
         shift[3][(state >> 24) & 0xff];
}

__attribute__((target("sse4.2"))) std::uint64_t Next(std::uint64_t state, const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, 8);
  return _mm_crc32_u64(state, word);
}

__attribute__((target("sse4.2"))) std::uint32_t ByHardware(std::uint32_t crc,
                                                           std::string_view bytes) {
  std::uint64_t state = ~crc;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  // Each step waits for the one before: three stripes side by side wait a third of the time.
  for (; left >= 3 * kStripe; at += 3 * kStripe, left -= 3 * kStripe) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kStripe; i += 8) {
      state = Next(state, at + i);
      second = Next(second, at + kStripe + i);
      third = Next(third, at + 2 * kStripe + i);
    }
    state = Shifted(kTwoStripes, state) ^ Shifted(kOneStripe, second) ^ third;
  }
  for (; left >= 8; at += 8, left -= 8)
    state = Next(state, at);
  auto narrow = static_cast<std::uint32_t>(state);
  for (; left > 0; ++at, --left)
    narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
  return ~narrow;
}
#endif

using Function = std::uint32_t (*)(std::uint32_t, std::string_view);

Function Choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ByHardware;
#endif
  return ExtendCrc32cByTable;
}

}  // namespace

std::uint32_t ExtendCrc32cByTable(std::uint32_t crc, std::string_view bytes) {
  std::uint32_t state = ~crc;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint32_t low;
    std::memcpy(&low, at, 4);
    low ^= state;
    state = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^
            kTables[5][(low >> 16) & 0xff] ^ kTables[4][low >> 24] ^ kTables[3][at[4]] ^
            kTables[2][at[5]] ^ kTables[1][at[6]] ^ kTables[0][at[7]];
  }
  for (; left > 0; ++at, --left)
    state = (state >> 8) ^ kTables[0][(state ^ *at) & 0xff];
  return ~state;
}

std::uint32_t ExtendCrc32c(std::uint32_t crc, std::string_view bytes) {
  static const Function function = Choose();
  return function(crc, bytes);
}

std::uint32_t MaskCrc32c(std::uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

}  // namespace postern::store

// The dynamic linker takes this definition for the library's calls too.
namespace rocksdb::crc32c {

std::uint32_t Extend(std::uint32_t crc, const char* bytes, std::size_t size);

std::uint32_t Extend(std::uint32_t crc, const char* bytes, std::size_t size) {
  return postern::store::ExtendCrc32c(crc, std::string_view(bytes, size));
}

}  // namespace rocksdb::crc32c
