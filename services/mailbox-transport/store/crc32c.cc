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
__attribute__((target("sse4.2"))) std::uint32_t ByHardware(std::uint32_t crc,
                                                           std::string_view bytes) {
  std::uint64_t state = ~crc;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
  }
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
