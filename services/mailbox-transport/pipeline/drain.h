// services/mailbox-transport/pipeline/drain.h
//
// Drain: hands what waits here to other servers of the organization, so that this one can go.
//
// Flow      While a drain is on, Pipeline::Ready refuses new mail. A round takes back what waits in
//           every queue, in slices, relays each message to a server of the plan, and settles it as
//           done when that server has given its receipt.
// Failure   What no server takes goes back to its queue as it was; the round ends early and says
//           why. A repeat to the same server is answered with the same receipt: nothing is doubled.
// Limits    kDrainWorkers messages at a time and kDrainSlice tickets in hand, in each shard.
//           Deliveries under way end as they would; what they leave is in the next round.
// See       docs/scale-in.md; Exchange's Redirect-Message

#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace postern::pipeline {

inline constexpr std::size_t kDrainWorkers = 16;
inline constexpr std::size_t kDrainSlice = 256;
// A round may go over its time by one message; this much later it is given up.
inline constexpr absl::Duration kDrainAnswer = absl::Minutes(11);
inline constexpr absl::Duration kCountAnswer = absl::Seconds(30);

struct DrainRound {
  std::uint64_t moved = 0;  // tickets that another server has now
  std::uint64_t kept = 0;   // that no server took; what its time did not reach is not counted
  std::string error;        // the last reason, or empty
};

}  // namespace postern::pipeline
