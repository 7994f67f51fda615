// The micro benchmarks: timed by Google Benchmark, or, with --count and under callgrind, counted.
// Each work is then one dump of callgrind's, with the work's name and how many operations it holds.

#include <iostream>

#include <string.h>

#include "bench/micro/work.h"
#include "benchmark/benchmark.h"
#include "valgrind/callgrind.h"

namespace postern::bench {
namespace {

Works AllWorks() {
  Works works;
  AddSmtpWorks(works);
  AddMailWorks(works);
  AddRouteWorks(works);
  AddQueueWorks(works);
  AddProxyWorks(works);
  AddStoreWorks(works);
  return works;
}

void Count(const Works& works, std::string_view only) {
  for (const Work& work : works) {
    if (!only.empty() && work.name.find(only) == std::string::npos) continue;
    const Run run = work.make();
    run(work.operations / 8);
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    run(work.operations);
    CALLGRIND_STOP_INSTRUMENTATION;
    const std::string name = work.name + " " + std::to_string(work.operations);
    CALLGRIND_DUMP_STATS_AT(name.c_str());
    std::cout << name << std::endl;
  }
}

void Time(benchmark::State& state, const Work& work) {
  const Run run = work.make();
  for (auto _ : state)
    run(work.operations);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * work.operations));
}

}  // namespace
}  // namespace postern::bench

int main(int count, char** words) {
  using namespace postern::bench;
  const Works works = AllWorks();
  if (count > 1 && strcmp(words[1], "--count") == 0) {
    Count(works, count > 2 ? words[2] : "");
    return 0;
  }
  for (const Work& work : works) {
    benchmark::RegisterBenchmark(work.name.c_str(), Time, work)->UseRealTime();
  }
  benchmark::Initialize(&count, words);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
