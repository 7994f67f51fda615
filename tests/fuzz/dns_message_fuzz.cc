// No bytes make the parser of DNS answers read outside them, run for ever or keep too much.

#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "common/dns/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace dns = postern::dns;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto asked : {dns::RecordType::kMx, dns::RecordType::kA, dns::RecordType::kAaaa}) {
    const auto answer = dns::ParseAnswer(bytes, asked);
    if (!answer.ok()) continue;
    POSTERN_CHECK(answer->mx.size() + answer->addresses.size() <= 256);
    POSTERN_CHECK(asked == dns::RecordType::kMx ? answer->addresses.empty() : answer->mx.empty());
    POSTERN_CHECK(answer->ttl >= absl::ZeroDuration() || answer->truncated);
    const bool found = !answer->mx.empty() || !answer->addresses.empty();
    POSTERN_CHECK(!found || answer->ttl <= absl::Seconds(0x7FFFFFFF));
    for (const auto& mx : answer->mx) {
      POSTERN_CHECK(mx.host.size() <= 4 * 255);
      for (const char c : mx.host)
        POSTERN_CHECK(c > ' ' && c < 0x7F && (c < 'A' || c > 'Z'));
    }
  }
  return 0;
}
