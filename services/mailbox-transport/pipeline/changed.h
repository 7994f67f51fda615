// services/mailbox-transport/pipeline/changed.h
//
// Changed: what became of messages that an administrator wants suspended, resumed or removed.

#pragma once

#include <cstddef>

#include "absl/status/status.h"

namespace postern::pipeline {

// Messages in one call; a caller with more goes on with the next page.
inline constexpr std::size_t kChangeMax = 1000;

struct Changed {
  std::size_t done = 0;     // now, and the store knows
  std::size_t pending = 0;  // under way: it is done if the attempt fails
  std::size_t absent = 0;   // not in this queue any more, or so already
  absl::Status error;       // the store has not kept it: it holds until the next start only
};

}  // namespace postern::pipeline
