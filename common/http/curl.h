// common/http/curl.h
//
// What all handles of libcurl have in common: whom they trust, and what they do not do.
//
// Flow      StartCurl and CheckCaFile before all; SetBasics of each handle; CodeOf what it ended
//           with.
// Failure   SetBasics gives the first option that this libcurl refuses. CheckCaFile: kNotFound.
// Lifetime  SetBasics borrows `url` and `error` for as long as the handle is used.
// Limits    kHeaderBytesMax, which the handle's owner counts. TLS 1.2 or later, HTTP/1.1. No
//           redirects, proxies, cookies or compression.
// See       common/http/client.h, common/http/channel.h; libcurl 7.88

#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include <curl/curl.h>

namespace postern::http {

inline constexpr std::size_t kHeaderBytesMax = 64 * 1024;

// Once for the process, however often it is called.
void StartCurl();

absl::Status CheckCaFile(const std::string& file);

// Only the authorities of `ca_file` are trusted; without one, those of the system. `error` has
// CURL_ERROR_SIZE bytes.
CURLcode SetBasics(CURL* easy, const std::string& url, const std::string& ca_file, char* error);

// Rounded up, at least 1, at most those of a day: 0 would be no bound at all.
long Milliseconds(absl::Duration duration);

// kUnauthenticated: the certificate does not prove the name. kDeadlineExceeded: it took too long.
// kUnavailable: all else, a CA file that has become useless included.
absl::StatusCode CodeOf(CURLcode code);

}  // namespace postern::http
