// services/mailbox-transport/settle/error_policies.h
//
// The ErrorPolicies of a Send connector: which results change their kind before a verdict is made
// of them. Pure.
//
// Flow      JudgedBy(policies, result): the status that the verdict goes by, where it is another.
// Limits    Only enhanced status codes decide, never words: a bare 550 may be an unknown mailbox.
//           What expires, and what we decide ourselves, is never changed.
// See       Exchange's ErrorPolicies, whose codes are nowhere written down: the tables in
//           error_policies.cc are ours, with their reasons; RFC 3463; RFC 5248

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/connector/words.h"
#include "common/mail/reply.h"
#include "common/smtp/outcome.h"

namespace postern::settle {

// Codes x.<subject>.<first> to x.<subject>.<last>.
struct StatusRange {
  std::uint16_t subject;
  std::uint16_t first;
  std::uint16_t last;
  std::string_view why;
};

// Permanent answers that DowngradeCustomFailures makes transient.
std::span<const StatusRange> DowngradedCodes();
// Transient answers that UpgradeCustomFailures makes permanent.
std::span<const StatusRange> UpgradedCodes();

// Nothing when the policies leave the result as it is.
std::optional<mail::EnhancedStatus> JudgedBy(const connector::ErrorPolicies& policies,
                                             const smtp::RecipientResult& result);

}  // namespace postern::settle
