// bench/micro/work.h
//
// Work: a fixed piece of work on one part of the hot path, to be timed or counted.
//
// Flow      Add...Works fills the list; work.make() prepares, and what it gives does so many
//           operations, as often as it is asked.
// Lifetime  What make() prepares lives as long as what it gives.
// Limits    The same operations each time: no clock, no random numbers without a seed. What
//           several threads do is parted into steps in which one waits for the other.
// See       bench/instructions.txt; bench/README.md "Instructions"

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace postern::bench {

using Run = std::function<void(std::uint64_t operations)>;

struct Work {
  std::string name;              // "smtp.dots_read_4k": step, what, size
  std::uint64_t operations = 0;  // that are counted; before them an eighth as many to warm up
  std::function<Run()> make;
};

using Works = std::vector<Work>;

void AddSmtpWorks(Works& works);
void AddMailWorks(Works& works);
void AddRouteWorks(Works& works);
void AddQueueWorks(Works& works);
void AddStoreWorks(Works& works);
void AddProxyWorks(Works& works);

}  // namespace postern::bench
