// services/mailbox-transport/queue/ramp.h
//
// Ramp: how many connections something may have that comes up, works, slows down or fails: a queue,
// or all that share an MX set. Pure.
//
// Flow      Worked, PutOff, or a failure: Shrink, and Fall when that is false. Began with a start
//           that may be slow; Grow or Widen once patience_ends() is over.
// Limits    It begins with `first` and has at most `most`. Each success gives one more, a failure
//           while others succeed takes one, kDeferralsInARow halve it.
// See       docs/queues.md; schedule.h and mx_sets.h, which know whether it is up

#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace postern::queue {

// A delivery that does not end gives way to one more after this time.
inline constexpr absl::Duration kRampPatience = absl::Seconds(10);
// Attempts in a row in which each recipient was put off: so many, or as many as are under way if
// those are more, halve the connections, down to one.
inline constexpr std::size_t kDeferralsInARow = 20;

class Ramp {
 public:
  Ramp() = default;
  Ramp(std::size_t first, std::size_t most);

  std::size_t allowed() const { return allowed_; }

  // In a row: the rung of the ladder.
  std::uint32_t failures() const { return failures_; }

  // Since it is up.
  bool worked() const { return worked_; }

  // Since when it is down.
  absl::Time first_retry() const { return first_retry_; }

  absl::Time patience_ends() const { return grown_ + kRampPatience; }

  // Whether it could do with more than it has yet.
  bool Full(std::size_t under_way) const { return allowed_ < most_ && under_way >= allowed_; }

  void Began(absl::Time now) { grown_ = now; }

  // True when it was down, or had failures that counted on: it begins anew.
  bool Worked(bool up, absl::Time now);
  // Up again, with so many more than at first.
  void Rise(std::size_t more);
  // It was asked to wait; true when it gets half of its connections from now on.
  bool PutOff(bool up, std::size_t under_way);
  // A failure while others succeed takes one away. False: that was the last one's.
  bool Shrink(bool up, std::size_t under_way);
  void Fall(absl::Time now);
  void Grow(absl::Time now);
  // The one that tries first is slow, which is not dead: others go beside it. The failures count on
  // until something works.
  void Widen(std::size_t under_way, absl::Time now);

 private:
  std::size_t first_ = 0;
  std::size_t most_ = 0;
  std::size_t allowed_ = 0;
  std::size_t deferrals_ = 0;  // in a row
  std::uint32_t failures_ = 0;
  bool worked_ = false;
  absl::Time grown_ = absl::InfinitePast();
  absl::Time first_retry_ = absl::InfiniteFuture();
};

}  // namespace postern::queue
