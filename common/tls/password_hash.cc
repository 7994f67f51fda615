#include "common/tls/password_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::tls {

namespace {

constexpr std::uint64_t kScryptMemoryMax = 64ull << 20;
constexpr std::size_t kNewSaltBytes = 16;
constexpr std::size_t kNewHashBytes = 32;

absl::Status Invalid(std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule);
}

absl::Status ParseScrypt(std::string_view params, PasswordHash& into) {
  const auto numbers = base::Split(params, ',');
  if (numbers.size() != 3) return Invalid("scrypt needs N,r,p");
  const auto cost = base::ParseUnsigned(numbers[0]);
  const auto block = base::ParseUnsigned(numbers[1]);
  const auto lanes = base::ParseUnsigned(numbers[2]);
  if (!cost || *cost < 1024 || *cost > 1048576 || (*cost & (*cost - 1)) != 0) {
    return Invalid("scrypt's N must be a power of two from 1024 to 1048576");
  }
  if (!block || *block < 1 || *block > 32) return Invalid("scrypt's r must be 1 to 32");
  if (!lanes || *lanes < 1 || *lanes > 16) return Invalid("scrypt's p must be 1 to 16");
  if (128 * *cost * *block > kScryptMemoryMax) return Invalid("scrypt may use 64 MiB");
  into.scheme = PasswordHash::Scheme::kScrypt;
  into.cost = *cost;
  into.block = *block;
  into.lanes = *lanes;
  return absl::OkStatus();
}

absl::Status ParsePbkdf2(std::string_view params, PasswordHash& into) {
  const auto rounds = base::ParseUnsigned(params);
  if (!rounds || *rounds < 1000 || *rounds > 10000000) {
    return Invalid("pbkdf2-sha256 needs 1000 to 10000000 rounds");
  }
  into.scheme = PasswordHash::Scheme::kPbkdf2Sha256;
  into.cost = *rounds;
  return absl::OkStatus();
}

// Empty when OpenSSL cannot (out of memory): then nothing matches.
std::string Derive(const PasswordHash& like, std::string_view password, std::size_t bytes) {
  std::string out(bytes, '\0');
  const auto* salt = reinterpret_cast<const unsigned char*>(like.salt.data());
  auto* into = reinterpret_cast<unsigned char*>(out.data());
  int done = 0;
  if (like.scheme == PasswordHash::Scheme::kScrypt) {
    done = EVP_PBE_scrypt(password.data(), password.size(), salt, like.salt.size(), like.cost,
                          like.block, like.lanes, 2 * kScryptMemoryMax, into, bytes);
  } else {
    done = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt,
                             static_cast<int>(like.salt.size()), static_cast<int>(like.cost),
                             EVP_sha256(), static_cast<int>(bytes), into);
  }
  if (done != 1) out.clear();
  return out;
}

}  // namespace

absl::StatusOr<PasswordHash> PasswordHash::Parse(std::string_view text) {
  const auto parts = base::Split(text, '$');
  if (parts.size() != 4) return Invalid("a hash is scheme$params$salt$hash");
  PasswordHash result;
  absl::Status params;
  if (parts[0] == "scrypt") {
    params = ParseScrypt(parts[1], result);
  } else if (parts[0] == "pbkdf2-sha256") {
    params = ParsePbkdf2(parts[1], result);
  } else {
    params = Invalid("the scheme must be scrypt or pbkdf2-sha256");
  }
  if (!params.ok()) return params;
  auto salt = base::FromBase64(parts[2]);
  auto hash = base::FromBase64(parts[3]);
  if (!salt || salt->size() < 8 || salt->size() > 64)
    return Invalid("the salt must be 8 to 64 bytes in base64");
  if (!hash || hash->size() < 16 || hash->size() > 64)
    return Invalid("the hash must be 16 to 64 bytes in base64");
  result.salt = std::move(*salt);
  result.hash = std::move(*hash);
  return result;
}

std::string PasswordHash::ToString() const {
  const std::string params = scheme == Scheme::kScrypt
                                 ? base::Cat("scrypt$", cost, ",", block, ",", lanes)
                                 : base::Cat("pbkdf2-sha256$", cost);
  return base::Cat(params, "$", base::Base64(salt), "$", base::Base64(hash));
}

bool PasswordHash::Matches(std::string_view password) const {
  if (hash.empty()) return false;
  std::string derived = Derive(*this, password, hash.size());
  const bool same =
      derived.size() == hash.size() && CRYPTO_memcmp(derived.data(), hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(derived.data(), derived.size());
  return same;
}

PasswordHash HashPassword(std::string_view password, PasswordHash like) {
  like.salt.assign(kNewSaltBytes, '\0');
  POSTERN_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(like.salt.data()),
                           static_cast<int>(kNewSaltBytes)) == 1);
  like.hash = Derive(like, password, kNewHashBytes);
  return like;
}

}  // namespace postern::tls
