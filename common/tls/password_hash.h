// common/tls/password_hash.h
//
// PasswordHash: a salted hash of a password, as a users file holds it.
//
// Flow      Parse "scrypt$16384,8,1$<salt>$<hash>" or "pbkdf2-sha256$210000$<salt>$<hash>" (salt
//           and hash in base64); Matches on a thread that may work for long.
// Failure   Parse: kInvalidArgument with the rule that was broken, never with the hash.
// Limits    scrypt: N a power of two from 1024 to 1048576, r 1 to 32, p 1 to 16, at most 64 MiB of
//           memory; PBKDF2: 1000 to 10000000 rounds; salt 8 to 64 bytes, hash 16 to 64 bytes.
// See       RFC 7914; RFC 8018

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace postern::tls {

struct PasswordHash {
  enum class Scheme : std::uint8_t { kScrypt, kPbkdf2Sha256 };

  Scheme scheme = Scheme::kScrypt;
  std::uint64_t cost = 16384;  // scrypt's N, or PBKDF2's rounds
  std::uint64_t block = 8;     // scrypt's r
  std::uint64_t lanes = 1;     // scrypt's p
  std::string salt;
  std::string hash;

  static absl::StatusOr<PasswordHash> Parse(std::string_view text);
  std::string ToString() const;

  // Works for tens of milliseconds, by design. Compares in constant time.
  bool Matches(std::string_view password) const;
};

// A new hash with a random salt, with the parameters of `like`.
PasswordHash HashPassword(std::string_view password, PasswordHash like = PasswordHash());

}  // namespace postern::tls
