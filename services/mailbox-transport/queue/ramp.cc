#include "services/mailbox-transport/queue/ramp.h"

#include <algorithm>

namespace postern::queue {

Ramp::Ramp(std::size_t first, std::size_t most)
    : first_(std::min(first, most)), most_(most), allowed_(first_) {}

bool Ramp::Worked(bool up, absl::Time now) {
  worked_ = true;
  deferrals_ = 0;
  grown_ = now;
  allowed_ = std::min(most_, allowed_ + 1);
  if (up && failures_ == 0) return false;
  Rise(1);
  return true;
}

void Ramp::Rise(std::size_t more) {
  allowed_ = std::min(most_, first_ + more);
  failures_ = 0;
  first_retry_ = absl::InfiniteFuture();
}

bool Ramp::PutOff(bool up, std::size_t under_way) {
  if (++deferrals_ < std::max(kDeferralsInARow, under_way)) return false;
  deferrals_ = 0;
  if (!up || allowed_ <= 1) return false;
  allowed_ /= 2;
  return true;
}

bool Ramp::Shrink(bool up, std::size_t under_way) {
  const std::size_t fewer = std::min(under_way, allowed_);
  if (!up || !worked_ || fewer <= 1) return false;
  allowed_ = fewer - 1;
  return true;
}

void Ramp::Fall(absl::Time now) {
  ++failures_;
  worked_ = false;
  if (failures_ == 1) first_retry_ = now;
  allowed_ = first_;
}

void Ramp::Grow(absl::Time now) {
  ++allowed_;
  grown_ = now;
}

void Ramp::Widen(std::size_t under_way, absl::Time now) {
  allowed_ = std::min(most_, std::max(first_, under_way) + 1);
  grown_ = now;
}

}  // namespace postern::queue
