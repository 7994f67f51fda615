#include "common/dns/resolver.h"

#include <utility>

#include "absl/strings/cord.h"

#include "common/base/text.h"

namespace postern::dns {
namespace {

constexpr char kTtlPayload[] = "postern.dev/dns-negative-ttl-seconds";

}  // namespace

absl::Status WithNegativeTtl(absl::Status status, absl::Duration ttl) {
  status.SetPayload(kTtlPayload, absl::Cord(std::to_string(absl::ToInt64Seconds(ttl))));
  return status;
}

absl::Duration NegativeTtlOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kTtlPayload);
  if (!payload) return absl::ZeroDuration();
  const auto seconds = base::ParseUnsigned(std::string(*payload));
  return absl::Seconds(static_cast<std::int64_t>(seconds.value_or(0)));
}

std::string ReverseName(const io::IpAddress& address) {
  std::string name;
  if (address.is_v4()) {
    for (std::size_t i = 16; i > 12; --i)
      name += base::Cat(static_cast<int>(address.bytes[i - 1]), ".");
    return name + "in-addr.arpa";
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 16; i > 0; --i) {
    const std::uint8_t byte = address.bytes[i - 1];
    name += base::Cat(kDigits[byte & 0xF], ".", kDigits[byte >> 4], ".");
  }
  return name + "ip6.arpa";
}

}  // namespace postern::dns
