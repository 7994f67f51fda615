// services/mailbox-transport/queue/rate_limits.h
//
// RateLimits: how many messages a minute may go to some destinations or providers, or by some
// connectors.
//
// Flow      Parse at start; PacesOf a new queue, PaceOfMxSet when its mail exchangers are known;
//           Until tells when its next message may go, Allowed how many may go now; Spend that one
//           went.
// Failure   Parse: kInvalidArgument naming each wrong rule and what it must be.
// Limits    Nothing is dropped: messages wait. The messages of a limit go at equal distances; of a
//           quick one those of kLimitBurst go together. kLimitsMax rules.
// See       docs/queues.md "Flow"

#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "services/mailbox-transport/model/next_hop.h"

namespace postern::queue {

inline constexpr std::size_t kLimitsMax = 10'000;
// A wake-up is worth more than one message where a limit allows many.
inline constexpr absl::Duration kLimitBurst = absl::Milliseconds(100);

// One limit, shared by the queues that it is about.
struct Pace {
  std::string text;  // "100/min"
  absl::Duration every;
  absl::Time next = absl::InfinitePast();
};

// The limits of one queue, each of which may be null.
enum PaceOf : std::size_t { kOfDestination, kOfConnector, kOfMxSet, kPaces };

using Paces = std::array<Pace*, kPaces>;

class RateLimits {
 public:
  // Each rule is "<next-hop domain>=<count>/<s|min|h>", "connector:<name>=..." or
  // "mx:<domain of mail exchangers>=...". `parts`: the limit of a connector or of mail exchangers
  // is shared out to so many of us.
  static absl::StatusOr<RateLimits> Parse(const std::vector<std::string>& rules,
                                          std::size_t parts = 1);

  // Those that hold for a queue of which no MX set is known; they stay where they are.
  Paces PacesOf(const model::NextHop& hop);

  // Of a set ("10 mx1.example.net, 20 ..."): of the longest domain that one of its hosts is, or is
  // below. Null when there is none.
  Pace* PaceOfMxSet(std::string_view mx_set);

 private:
  Pace* Find(const std::string& name);

  std::unordered_map<std::string, Pace> paces_;
};

// When the next message may go; the past: now.
absl::Time Until(const Paces& paces);
// How many may go now.
std::size_t Allowed(const Paces& paces, absl::Time now);
void Spend(const Paces& paces, absl::Time now);
// The last one that was spent did not go.
void Refund(const Paces& paces);
// The limit that makes it wait longest; empty when there is none.
std::string TextOf(const Paces& paces);

}  // namespace postern::queue
