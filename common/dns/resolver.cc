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

}  // namespace postern::dns
