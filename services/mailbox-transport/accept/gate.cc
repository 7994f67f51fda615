#include "services/mailbox-transport/accept/gate.h"

namespace postern::accept {

Gate::Pass Gate::Enter(const io::IpAddress& address,
                       std::size_t all_max,
                       std::size_t per_source_max) {
  const std::lock_guard lock(mutex_);
  if (open_ >= all_max) return Pass();
  const auto place = by_address_.try_emplace(address, 0).first;
  if (!address.is_loopback() && place->second >= per_source_max) return Pass();
  ++place->second;
  ++open_;
  return Pass(this, address);
}

void Gate::Leave(const io::IpAddress& address) {
  const std::lock_guard lock(mutex_);
  --open_;
  const auto place = by_address_.find(address);
  if (--place->second == 0) by_address_.erase(place);
}

std::size_t Gate::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

}  // namespace postern::accept
