// common/smtp/race.h
//
// Race: connects to that address of a host which answers first.
//
// Flow      Race once. The first address is dialled; while it has not connected, the next one is
//           dialled beside it after every `attempt_delay`, and at once when one has failed. The
//           first that connects wins; the others are closed before Race returns.
// Failure   RaceResult without a stream: each address that failed was told of by `failed`; `error`
//           says what ended the race early: kCancelled, or kFailedPrecondition when our own
//           address is wrong: then no further address of that family is dialled, and the race ends
//           when none of the other one is left. An address that was under way when another one
//           won, or when the race was cancelled, has not failed: it is `lost`.
// Lifetime  Borrows everything for as long as it is awaited. One executor.
// Limits    kRaceDialsMax dials at a time, each no longer than `connect`, none beyond `end_by`. One
//           address alone costs no fiber and no timer.
// See       RFC 8305 §5

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/io/dialer.h"
#include "common/io/endpoint.h"
#include "common/io/stream.h"
#include "common/io/task.h"
#include "common/smtp/source_pool.h"

namespace postern::smtp {

inline constexpr std::size_t kRaceDialsMax = 4;

struct RaceRules {
  Sources sources;
  absl::Duration connect;
  absl::Duration attempt_delay;
  absl::Time end_by;
};

// What the race asks and tells; addresses are known by their place in the list. Must not wait.
struct RaceCalls {
  // Asked just before it is dialled: may it be? One that may not is passed over.
  std::function<bool(std::size_t)> admits;
  std::function<void(std::size_t, const absl::Status&)> failed;
};

struct RaceResult {
  std::unique_ptr<io::Stream> stream;  // null: no address connected
  std::size_t winner = 0;
  std::vector<std::size_t> lost;  // in the order of dialling
  std::size_t dials = 0;
  absl::Status error;
};

io::Task<RaceResult> Race(io::Dialer& dialer,
                          const std::vector<io::Endpoint>& addresses,
                          const RaceRules& rules,
                          const RaceCalls& calls);

}  // namespace postern::smtp
