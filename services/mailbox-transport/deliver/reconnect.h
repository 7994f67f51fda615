// services/mailbox-transport/deliver/reconnect.h
//
// How often streams to a front end that refuses them are opened, and how often that is said.
//
// Flow      PauseBefore the next opening; EndCount::Note at each end that is worth a line.
// Limits    The first kReconnectsAtOnce openings come at the pace of deliver.proxy_reconnect_after;
//           then the pause doubles up to kReconnectPauseMax. A line a minute for each front end.

#pragma once

#include "absl/time/time.h"

namespace postern::deliver {

inline constexpr int kReconnectsAtOnce = 10;
inline constexpr absl::Duration kReconnectPauseMax = absl::Seconds(15);
inline constexpr absl::Duration kEndsSaidEvery = absl::Minutes(1);

// `failed` openings in a row gave no slot; a `first` that is longer stays.
absl::Duration PauseBefore(int failed, absl::Duration first);

// How many streams to one front end ended without a line.
class EndCount {
 public:
  // Another one ended: how many there were since the last line, when it is time for one; else 0.
  int Note(absl::Time now);

 private:
  absl::Time said_ = absl::InfinitePast();
  int unsaid_ = 0;
};

}  // namespace postern::deliver
