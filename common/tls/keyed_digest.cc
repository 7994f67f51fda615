#include "common/tls/keyed_digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/base/check.h"

namespace postern::tls {

namespace {

constexpr std::size_t kSha256Bytes = 32;

const unsigned char* BytesOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Empty when OpenSSL does not know the digest.
std::string Hmac(const char* digest, std::string_view key, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  std::size_t written = 0;
  const void* done =
      EVP_Q_mac(nullptr, "HMAC", nullptr, digest, nullptr, key.data(), key.size(), BytesOf(text),
                text.size(), reinterpret_cast<unsigned char*>(out.data()), out.size(), &written);
  out.resize(done == nullptr ? 0 : written);
  return out;
}

}  // namespace

std::optional<std::string> HmacMd5(std::string_view key, std::string_view text) {
  std::string out = Hmac("MD5", key, text);
  if (out.empty()) return std::nullopt;
  return out;
}

std::string HmacSha256(std::string_view key, std::string_view text) {
  std::string out = Hmac("SHA256", key, text);
  POSTERN_CHECK(out.size() == kSha256Bytes);
  return out;
}

std::string Pbkdf2Sha256(std::string_view password, std::string_view salt, std::uint32_t rounds) {
  std::string out(kSha256Bytes, '\0');
  POSTERN_CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), BytesOf(salt),
                                  static_cast<int>(salt.size()), static_cast<int>(rounds),
                                  EVP_sha256(), static_cast<int>(out.size()),
                                  reinterpret_cast<unsigned char*>(out.data())) == 1);
  return out;
}

bool SameBytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace postern::tls
