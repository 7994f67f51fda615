#include "services/mailbox-transport/accept/gate.h"

namespace postern::accept {

Gate::Pass Gate::Enter(const io::IpAddress& address,
                       std::size_t all_max,
                       std::size_t per_source_max) {
  const io::IpAddress source = address.is_loopback() ? address : address.Source();
  const std::lock_guard lock(mutex_);
  if (open_ >= all_max) return Pass();
  const auto place = by_source_.try_emplace(source, 0).first;
  if (!address.is_loopback() && place->second >= per_source_max) return Pass();
  ++place->second;
  ++open_;
  return Pass(this, source);
}

void Gate::Leave(const io::IpAddress& source) {
  const std::lock_guard lock(mutex_);
  --open_;
  const auto place = by_source_.find(source);
  if (--place->second == 0) by_source_.erase(place);
}

std::size_t Gate::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

}  // namespace postern::accept
