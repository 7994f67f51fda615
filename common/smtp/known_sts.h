// common/smtp/known_sts.h
//
// KnownSts: an MTA-STS policy with its domain, as long as it holds: what stores keep and wires
// carry.
//
// See       common/smtp/sts.h; RFC 8461 §5.1

#pragma once

#include <string>

#include "absl/time/time.h"

#include "common/mail/sts_policy.h"

namespace postern::smtp {

struct KnownSts {
  std::string domain;  // A-labels
  mail::StsPolicy policy;
  absl::Time expires;

  absl::Time fetched() const { return expires - policy.max_age; }

  bool operator==(const KnownSts&) const = default;
};

}  // namespace postern::smtp
