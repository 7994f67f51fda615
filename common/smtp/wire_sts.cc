#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/smtp/wire.h"
#include "common/smtp/wire_check.h"

namespace postern::smtp {

namespace {

constexpr std::size_t kDomainBytesMax = 253;
constexpr std::size_t kIdBytesMax = 32;  // RFC 8461 §3.1
constexpr mail::StsMode kModes[] = {mail::StsMode::kNone, mail::StsMode::kTesting,
                                    mail::StsMode::kEnforce};

absl::StatusOr<mail::StsMode> ModeFromWire(std::string_view name) {
  for (const mail::StsMode mode : kModes) {
    if (mail::StsModeName(mode) == name) return mode;
  }
  return Wrong("sts.mode", "must be enforce, testing or none");
}

}  // namespace

void ToWire(const KnownSts& known, v1::StsPolicy& wire) {
  wire.set_domain(known.domain);
  wire.set_id(known.policy.id);
  wire.set_mode(std::string(mail::StsModeName(known.policy.mode)));
  for (const std::string& mx : known.policy.mx)
    wire.add_mx(mx);
  wire.set_max_age_seconds(static_cast<std::uint32_t>(absl::ToInt64Seconds(known.policy.max_age)));
  wire.set_expires_unix_seconds(static_cast<std::uint64_t>(absl::ToUnixSeconds(known.expires)));
}

absl::StatusOr<KnownSts> StsFromWire(const v1::StsPolicy& wire) {
  if (wire.domain().empty()) return Wrong("sts.domain", "must not be empty");
  POSTERN_RETURN_IF_ERROR(CheckWord("sts.domain", wire.domain(), kDomainBytesMax));
  POSTERN_RETURN_IF_ERROR(CheckWord("sts.id", wire.id(), kIdBytesMax));
  if (static_cast<std::size_t>(wire.mx_size()) > mail::kStsMxMax) {
    return Wrong("sts.mx", base::Cat("must be at most ", mail::kStsMxMax));
  }
  KnownSts known;
  known.domain = wire.domain();
  known.policy.id = wire.id();
  POSTERN_ASSIGN_OR_RETURN(known.policy.mode, ModeFromWire(wire.mode()));
  for (const std::string& mx : wire.mx()) {
    POSTERN_RETURN_IF_ERROR(CheckWord("sts.mx", mx, kDomainBytesMax));
    known.policy.mx.push_back(mx);
  }
  known.policy.max_age = absl::Seconds(wire.max_age_seconds());
  if (known.policy.max_age > mail::kStsMaxAgeMax) {
    return Wrong("sts.max_age_seconds", "must be at most a year");
  }
  known.expires = absl::FromUnixSeconds(static_cast<std::int64_t>(wire.expires_unix_seconds()));
  return known;
}

}  // namespace postern::smtp
