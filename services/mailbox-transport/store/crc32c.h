// services/mailbox-transport/store/crc32c.h
//
// CRC-32C (Castagnoli): the checksum of every value of ours and of RocksDB's log, in hardware where
// the processor can.
//
// Flow      ExtendCrc32c(0, bytes); further bytes by passing the last result.
// Limits    This file also stands in for RocksDB's own rocksdb::crc32c::Extend: Debian's library
//           has only the software form, which costs more than everything else in a large write.
// See       docs/data.md "Checksums"

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::store {

std::uint32_t ExtendCrc32c(std::uint32_t crc, std::string_view bytes);

// The same by table, for processors without SSE 4.2 and for the test that compares both.
std::uint32_t ExtendCrc32cByTable(std::uint32_t crc, std::string_view bytes);

// RocksDB keeps log checksums rotated, so that a checksum of checksums stays useful.
std::uint32_t MaskCrc32c(std::uint32_t crc);

}  // namespace postern::store
