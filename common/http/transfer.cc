#include "common/http/transfer.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/http/curl.h"
#include "common/mail/domain.h"

namespace postern::http {

namespace {

constexpr std::size_t kAddressesMax = 16;
constexpr std::size_t kPathBytesMax = 2048;
// What libcurl reads at a time: policies are small.
constexpr long kBufferBytes = 16 * 1024;

absl::Status Bad(std::string_view field, std::string_view value, std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "http: ", field, " \"",
                     base::Printable(value), "\" ", rule);
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

absl::Status CheckRequest(const Request& request) {
  if (const char* rule = mail::BrokenDomainRule(request.host)) {
    return Bad("host", request.host, rule);
  }
  // What looks like a number would be taken for an address, and ours would not count.
  if (!IsLetter(request.host[request.host.rfind('.') + 1])) {
    return Bad("host", request.host, "must be a name");
  }
  const auto fits = [](char c) { return c > ' ' && c < 0x7F && c != '#'; };
  if (!request.path.starts_with('/') || request.path.size() > kPathBytesMax ||
      !std::all_of(request.path.begin(), request.path.end(), fits)) {
    return Bad("path", request.path, "must begin with / and have at most 2048 visible characters");
  }
  if (request.port == 0) return Bad("port", "0", "must not be 0");
  if (request.addresses.empty()) return Bad("host", request.host, "must have an address");
  return absl::OkStatus();
}

// "name:port:address,[address]"
std::string ResolveLine(const Request& request) {
  std::vector<std::string> addresses;
  for (const io::IpAddress& address : request.addresses) {
    if (addresses.size() == kAddressesMax) break;
    addresses.push_back(address.is_v4() ? address.ToString()
                                        : base::Cat("[", address.ToString(), "]"));
  }
  return base::Cat(request.host, ":", request.port, ":", base::Join(addresses, ","));
}

// Names that libcurl would ask the system for: none.
int RefuseLookup(void*, void*, void*) {
  return 1;
}

}  // namespace

template <typename Value>
void Transfer::Set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
  if (set_ == CURLE_OK) set_ = code;
}

absl::StatusOr<std::unique_ptr<Transfer>> Transfer::Make(const Request& request,
                                                         const Client::Options& options,
                                                         absl::Duration time_left) {
  if (absl::Status fits = CheckRequest(request); !fits.ok()) return fits;
  std::unique_ptr<Transfer> made(new Transfer());
  made->url_ = base::Cat("https://", request.host);
  if (request.port != 443) made->url_ += base::Cat(":", request.port);
  made->url_ += request.path;
  made->easy_.reset(curl_easy_init());
  made->share_.reset(curl_share_init());
  made->resolve_.reset(curl_slist_append(nullptr, ResolveLine(request).c_str()));
  POSTERN_CHECK(made->easy_ && made->share_ && made->resolve_);  // out of memory
  POSTERN_CHECK(curl_share_setopt(made->share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) ==
                CURLSHE_OK);
  made->SetPeer(options);
  made->SetBounds(options, time_left);
  if (made->set_ != CURLE_OK) {
    return base::Error(absl::StatusCode::kInternal, "http: libcurl ", curl_version(),
                       " cannot be set up: ", curl_easy_strerror(made->set_));
  }
  return made;
}

void Transfer::SetPeer(const Client::Options& options) {
  set_ = SetBasics(easy_.get(), url_, options.ca_file, error_);
  Set(CURLOPT_SHARE, share_.get());
  Set(CURLOPT_RESOLVE, resolve_.get());
  Set(CURLOPT_RESOLVER_START_FUNCTION, &RefuseLookup);
  Set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

void Transfer::SetBounds(const Client::Options& options, absl::Duration time_left) {
  body_bytes_max_ = options.body_bytes_max;
  Set(CURLOPT_TIMEOUT_MS, Milliseconds(time_left));
  Set(CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(time_left));
  Set(CURLOPT_BUFFERSIZE, kBufferBytes);
  Set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(body_bytes_max_));
  Set(CURLOPT_FRESH_CONNECT, 1L);
  Set(CURLOPT_FORBID_REUSE, 1L);
  Set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  Set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  Set(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  Set(CURLOPT_HEADERDATA, static_cast<void*>(this));
}

std::size_t Transfer::OnBody(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t length = size * count;
  if (transfer.response_.body.size() + length > transfer.body_bytes_max_) {
    transfer.too_long_ = true;
    return 0;
  }
  transfer.response_.body.append(bytes, length);
  return length;
}

std::size_t Transfer::OnHeader(char*, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.header_bytes_ += size * count;
  if (transfer.header_bytes_ <= kHeaderBytesMax) return size * count;
  transfer.too_long_ = true;
  return 0;
}

absl::StatusOr<Response> Transfer::Result(CURLcode code) {
  // A redirect or a refusal says more than what its body may be.
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  const bool answered = code == CURLE_OK || too_long_ || code == CURLE_FILESIZE_EXCEEDED;
  if (answered && status >= 200 && status != 200) {
    return base::Error(absl::StatusCode::kFailedPrecondition, url_, ": status ", status,
                       ", must be 200");
  }
  if (code != CURLE_OK) return Failure(code);
  if (status != 200) {
    return base::Error(absl::StatusCode::kUnavailable, url_, ": no answer of HTTP");
  }
  const char* type = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_TYPE, &type);
  if (type != nullptr) response_.content_type = type;
  return std::move(response_);
}

absl::Status Transfer::Failure(CURLcode code) const {
  if (too_long_ || code == CURLE_FILESIZE_EXCEEDED) {
    return base::Error(absl::StatusCode::kOutOfRange, url_, ": must have at most ", body_bytes_max_,
                       " bytes, and ", kHeaderBytesMax, " of headers");
  }
  const std::string_view words = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  return base::Error(CodeOf(code), url_, ": ", base::Printable(words));
}

}  // namespace postern::http
