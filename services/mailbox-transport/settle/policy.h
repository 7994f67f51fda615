// services/mailbox-transport/settle/policy.h
//
// The grid: what each result of an attempt means for its recipient and for the next hop. Pure.
//
// Flow      VerdictsFor(outcome, policies) -> one Verdict for each recipient, in order, and what
//           the hop learnt.
// Failure   Nothing fails: whatever a remote or a network does has a verdict.
// See       docs/architecture.md "settle"; RFC 5321 §4.2.1, §4.5.3.1.10, §4.5.4.1; RFC 3463

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "common/connector/words.h"
#include "common/mail/reply.h"
#include "common/smtp/outcome.h"

namespace postern::settle {

struct Verdict {
  enum class Kind : std::uint8_t { kDone, kRetry, kReturn };

  // When a retry is due.
  enum class Wait : std::uint8_t {
    kAtOnce,           // with its hop: due when the hop is, but for a pause when it failed
    kPause,            // kNotTriedPause: it was not tried, and the hop is not to blame
    kMessageInterval,  // MessageRetryInterval
  };

  Kind kind = Kind::kRetry;
  Wait wait = Wait::kAtOnce;
  bool counted = false;         // as an attempt of the message
  mail::EnhancedStatus status;  // for a DSN
  std::string error;            // LastError; empty when done

  bool operator==(const Verdict&) const = default;
};

std::string_view NameOf(Verdict::Kind kind);

// What an attempt told about the next hop.
struct HopNews {
  enum class Kind : std::uint8_t {
    kNothing,
    kWorked,
    kDeferred,  // whoever was answered was put off
    kFailed,
    kHeld,
  };

  Kind kind = Kind::kNothing;
  std::string error;  // LastError of the queue, with kFailed and kHeld
};

struct Verdicts {
  std::vector<Verdict> recipients;
  HopNews hop;
};

// A remote's final answer for one recipient.
Verdict VerdictFor(const mail::Reply& reply);
// Everything else that ended an attempt for one recipient; `enhanced` of class 5 is permanent where
// the origin can be.
Verdict VerdictFor(const absl::Status& error, smtp::Origin origin, mail::EnhancedStatus enhanced);

// `policies` are those of the connector.
Verdicts VerdictsFor(const smtp::Outcome& outcome,
                     const connector::ErrorPolicies& policies = connector::ErrorPolicies());

// LastError of a queue whose hosts all failed, in Exchange's form.
std::string HopError(const smtp::Outcome& outcome, const smtp::RecipientResult& result);

}  // namespace postern::settle
