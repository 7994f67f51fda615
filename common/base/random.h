// common/base/random.h
//
// The random seam: jitter, shuffles and unguessable text. System() is safe from every thread.

#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace postern::base {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;

  // Uniform in [0, bound); bound must not be 0.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }

  // From half of `span` to all of it, so that those who lost one peer do not come back as one.
  absl::Duration HalfToAll(absl::Duration span);

  // `span`, longer or shorter by up to so many percent of it, in whole milliseconds.
  absl::Duration Around(absl::Duration span, int percent);

  // A random (version 4) UUID in its usual text form.
  std::string Uuid();

  // From the operating system's generator.
  static Random& System();
};

// The same numbers from the same seed (SplitMix64); for tests.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() override;

 private:
  std::uint64_t state_;
};

}  // namespace postern::base
