// common/tls/openssl_error.h
//
// OpenSSL's words for what failed last on this thread.

#pragma once

#include <string>
#include <string_view>

namespace postern::tls {

// Lower case, "certificate verify failed"; empties the thread's queue of errors. `fallback` when
// the queue is empty.
std::string TakeOpenSslError(std::string_view fallback);

}  // namespace postern::tls
