// services/mailbox-transport/app/hand_over.h
//
// HandOver: before a server stops for good, its queues go to the other servers of its site.
//
// Flow      HandOver(pipeline, clock, most) in the stop, before new mail is refused.
// Failure   What no server takes stays in the volume; it is logged, with the last reason.
// Lifetime  Borrows its parts. From a thread that runs no executor.
// Limits    Rounds of kHandOverRound, for `most` in all; a pause between two that moved nothing.
// See       docs/scale-in.md; services/mailbox-transport/admin/redirect.h

#pragma once

#include <cstdint>

#include "absl/time/time.h"

#include "common/base/clock.h"
#include "services/mailbox-transport/pipeline/pipeline.h"

namespace postern::app {

inline constexpr absl::Duration kHandOverRound = absl::Seconds(10);

struct HandedOver {
  std::uint64_t moved = 0;
  std::uint64_t remaining = 0;
};

HandedOver HandOver(pipeline::Pipeline& pipeline, base::Clock& clock, absl::Duration most);

}  // namespace postern::app
