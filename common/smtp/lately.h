// common/smtp/lately.h
//
// Lately: addresses of which something is remembered for a while.
//
// Flow      Remember, Forget; Contains.
// Limits    Each for `span`, `most` of them; when they are too many the past ones make room, and
//           without any a new one is not remembered. One executor.

#pragma once

#include <cstddef>
#include <map>

#include "absl/time/time.h"

#include "common/io/endpoint.h"

namespace postern::smtp {

class Lately {
 public:
  Lately(absl::Duration span, std::size_t most) : span_(span), most_(most) {}

  void Remember(const io::Endpoint& address, absl::Time now) {
    if (until_.size() >= most_ && !until_.contains(address)) {
      std::erase_if(until_, [now](const auto& known) { return known.second <= now; });
      if (until_.size() >= most_) return;
    }
    until_[address] = now + span_;
  }

  void Forget(const io::Endpoint& address) { until_.erase(address); }

  bool Contains(const io::Endpoint& address, absl::Time now) const {
    const auto known = until_.find(address);
    return known != until_.end() && known->second > now;
  }

  std::size_t size() const { return until_.size(); }

 private:
  const absl::Duration span_;
  const std::size_t most_;
  std::map<io::Endpoint, absl::Time> until_;
};

}  // namespace postern::smtp
