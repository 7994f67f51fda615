// services/mailbox-transport/queue/rate.h
//
// Rate: how many messages went by in the last minute.
//
// Limits    Twelve buckets of five seconds, whatever the traffic.
// See       Exchange's IncomingRate, OutgoingRate and Velocity

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/time/time.h"

namespace postern::queue {

class Rate {
 public:
  void Count(absl::Time now) {
    const std::int64_t bucket = BucketOf(now);
    if (bucket != newest_) {
      // What lies between is over a minute old, or nothing happened in it.
      const std::int64_t first = std::max(newest_ + 1, bucket - kBuckets + 1);
      for (std::int64_t stale = first; stale <= bucket; ++stale)
        counts_[Place(stale)] = 0;
      newest_ = bucket;
    }
    ++counts_[Place(bucket)];
  }

  double PerMinute(absl::Time now) const {
    const std::int64_t oldest = BucketOf(now) - kBuckets + 1;
    double sum = 0;
    for (std::int64_t bucket = std::max(oldest, newest_ - kBuckets + 1); bucket <= newest_;
         ++bucket) {
      sum += counts_[Place(bucket)];
    }
    return sum;
  }

 private:
  static constexpr std::int64_t kBuckets = 12;
  static constexpr std::int64_t kBucketSeconds = 5;

  static std::int64_t BucketOf(absl::Time now) { return absl::ToUnixSeconds(now) / kBucketSeconds; }

  static std::size_t Place(std::int64_t bucket) {
    return static_cast<std::size_t>(bucket % kBuckets);
  }

  std::array<std::uint32_t, kBuckets> counts_{};
  std::int64_t newest_ = kBuckets;
};

}  // namespace postern::queue
