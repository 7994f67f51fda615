// services/mailbox-transport/store/value.h
//
// Keys and values as they lie in RocksDB: big-endian keys, values with version and checksum.
//
// Failure   OpenValue: kDataLoss naming what is wrong, so that the record can be set aside.
// Limits    A value is the byte 1 (version), CRC-32C over version, key and payload (4 bytes,
//           little-endian), payload. With the key inside, a value under a wrong key is found too.
// See       docs/data.md

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/base/ids.h"

namespace postern::store {

inline constexpr char kValueVersion = 1;
inline constexpr std::size_t kValueHeadBytes = 5;

// The bytes that stand before `payload` when it is stored under `key`.
std::array<char, kValueHeadBytes> ValueHead(std::string_view key, std::string_view payload);
std::string MakeValue(std::string_view key, std::string_view payload);

// The payload, a view into `value`.
absl::StatusOr<std::string_view> OpenValue(std::string_view key, std::string_view value);

// Column family `body`: id and chunk number, twelve bytes.
std::string ChunkKey(base::MessageId id, std::uint32_t number);

// Column family `meta`.
inline constexpr std::string_view kFormatKey = "format";  // "<version> <database id>"
inline constexpr std::string_view kIdMarkKey = "ids";     // no id above this was given out
inline constexpr std::string_view kBeginKey = "begin";    // empty; written when writing begins
inline constexpr std::string_view kQueuePrefix = "h/";    // queues that are suspended, by next hop
inline constexpr std::string_view kKeyPrefix = "k/";      // idempotency keys
inline constexpr std::string_view kRelayPrefix = "r/";    // relay keys
inline constexpr std::string_view kPolicyPrefix = "s/";   // what domains publish
inline constexpr std::string_view kUploadPrefix = "u/";   // bodies that are still arriving

// Nobody's key is a relay key.
std::string IdempotencyKey(std::string_view identity, std::string_view key);
std::string UploadKey(base::MessageId id);

// Fixed-width little-endian numbers, as RocksDB's log has them.
std::uint32_t ReadLittle32(const char* at);
std::uint64_t ReadLittle64(const char* at);
void AppendLittle64(std::string& out, std::uint64_t value);

}  // namespace postern::store
