#include "common/tls/digest.h"

#include <openssl/evp.h>

#include "common/base/check.h"

namespace postern::tls {

struct Sha256::State {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();

  ~State() { EVP_MD_CTX_free(digest); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  POSTERN_CHECK(state_->digest != nullptr);
  POSTERN_CHECK(EVP_DigestInit_ex(state_->digest, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::Update(std::string_view bytes) {
  POSTERN_CHECK(EVP_DigestUpdate(state_->digest, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::Finish() {
  std::string out(32, '\0');
  unsigned int written = 0;
  POSTERN_CHECK(EVP_DigestFinal_ex(state_->digest, reinterpret_cast<unsigned char*>(out.data()),
                                   &written) == 1);
  POSTERN_CHECK(written == out.size());
  return out;
}

}  // namespace postern::tls
