// services/mailbox-transport/model/stored_time.h
//
// Times as numbers, as the store and the relay between servers have them.
//
// Limits    Milliseconds since 1970; the infinite future is the greatest number, the past is 0.

#pragma once

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace postern::model {

inline constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

inline std::int64_t StoredTime(absl::Time time) {
  if (time == absl::InfiniteFuture()) return kForever;
  if (time == absl::InfinitePast()) return 0;
  return absl::ToUnixMillis(time);
}

inline absl::Time TimeFrom(std::int64_t stored) {
  if (stored == kForever) return absl::InfiniteFuture();
  return absl::FromUnixMillis(stored);
}

}  // namespace postern::model
