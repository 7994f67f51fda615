// common/smtp/lately.h
//
// Lately: keys of which something is remembered for a while, such as addresses.
//
// Flow      Remember, Forget; Contains.
// Limits    Each for `span`, `most` of them; when they are too many the past ones make room, and
//           without any a new one is not remembered. One executor.

#pragma once

#include <cstddef>
#include <functional>
#include <map>

#include "absl/time/time.h"

namespace postern::smtp {

// A key is asked for by whatever compares with it and makes one.
template <typename Key>
class Lately {
 public:
  Lately(absl::Duration span, std::size_t most) : span_(span), most_(most) {}

  template <typename Like>
  void Remember(const Like& key, absl::Time now) {
    auto known = until_.find(key);
    if (known == until_.end()) {
      if (until_.size() >= most_) {
        std::erase_if(until_, [now](const auto& other) { return other.second <= now; });
      }
      if (until_.size() >= most_) return;
      known = until_.emplace(Key(key), absl::Time()).first;
    }
    known->second = now + span_;
  }

  template <typename Like>
  void Forget(const Like& key) {
    const auto known = until_.find(key);
    if (known != until_.end()) until_.erase(known);
  }

  template <typename Like>
  bool Contains(const Like& key, absl::Time now) const {
    const auto known = until_.find(key);
    return known != until_.end() && known->second > now;
  }

  std::size_t size() const { return until_.size(); }

 private:
  const absl::Duration span_;
  const std::size_t most_;
  std::map<Key, absl::Time, std::less<>> until_;
};

}  // namespace postern::smtp
