#include "common/observe/metrics.h"

#include <cmath>

#include "common/base/check.h"

namespace postern::observe {

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)) {
  POSTERN_CHECK(!bounds_.empty());
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    POSTERN_CHECK(std::isfinite(bounds_[i]));
    POSTERN_CHECK(i == 0 || bounds_[i - 1] < bounds_[i]);
  }
  counts_ = std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1);
}

void Histogram::Record(double value) {
  if (std::isnan(value)) return;
  // A bound belongs to its bucket, as "le" says.
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Reading Histogram::Read() const {
  Reading reading;
  reading.bounds = bounds_;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    reading.counts.push_back(counts_[i].load(std::memory_order_relaxed));
  }
  reading.sum = sum_.load(std::memory_order_relaxed);
  return reading;
}

std::vector<double> SecondsBuckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
          0.25,   0.5,     1,      2.5,   5,      10,    25,   50,    100};
}

}  // namespace postern::observe
