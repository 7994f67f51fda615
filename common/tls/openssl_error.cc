#include "common/tls/openssl_error.h"

#include <openssl/err.h>

#include "common/base/text.h"

namespace postern::tls {

std::string TakeOpenSslError(std::string_view fallback) {
  // The first error is the cause; later ones say what it led to.
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return std::string(fallback);
  const char* const reason = ERR_reason_error_string(code);
  if (reason == nullptr) return base::Cat("openssl error ", code);
  return base::LowerAscii(reason);
}

}  // namespace postern::tls
