// common/tls/keyed_digest.h
//
// Digests under a key, as logins use them: HMAC, and a key made of a password.
//
// Failure   HmacMd5: nullopt where OpenSSL has no MD5 (FIPS). The others abort when OpenSSL fails,
//           which it does only without memory.
// Limits    Pbkdf2Sha256 works for about half a microsecond a round: not on an executor.
// See       RFC 2104; RFC 8018 §5.2; FIPS 180-4

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::tls {

// 16 bytes.
std::optional<std::string> HmacMd5(std::string_view key, std::string_view text);

// 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view text);

// 32 bytes; RFC 5802 calls it Hi.
std::string Pbkdf2Sha256(std::string_view password, std::string_view salt, std::uint32_t rounds);

// Compares in a time that tells nothing of the bytes.
bool SameBytes(std::string_view a, std::string_view b);

}  // namespace postern::tls
