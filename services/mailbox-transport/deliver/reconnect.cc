#include "services/mailbox-transport/deliver/reconnect.h"

#include <algorithm>
#include <utility>

namespace postern::deliver {

absl::Duration PauseBefore(int failed, absl::Duration first) {
  absl::Duration pause = first;
  for (int i = kReconnectsAtOnce; i < failed && pause < kReconnectPauseMax; ++i)
    pause *= 2;
  return std::max(first, std::min(pause, kReconnectPauseMax));
}

int EndCount::Note(absl::Time now) {
  ++unsaid_;
  if (now < said_ + kEndsSaidEvery) return 0;
  said_ = now;
  return std::exchange(unsaid_, 0);
}

}  // namespace postern::deliver
