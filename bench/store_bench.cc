// bench/store_bench.cc
//
// How many messages a second the store takes: `outstanding` callers wait at a time, as
// io::Executor's batched wake-ups do, on a disk under /tmp (or POSTERN_BENCH_FOLDER).

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include <stdlib.h>

#include "benchmark/benchmark.h"
#include "common/base/check.h"
#include "services/mailbox-transport/store/crc32c.h"
#include "services/mailbox-transport/store/rocks_store.h"
#include "tests/support/store/verbs.h"

namespace postern::store {
namespace {

class Bench {
 public:
  Bench() {
    const char* folder = getenv("POSTERN_BENCH_FOLDER");
    path_ = std::string(folder == nullptr ? "/tmp" : folder) + "/postern-store-bench-XXXXXX";
    POSTERN_CHECK(mkdtemp(path_.data()) != nullptr);
    settings_.path.value = path_;
    auto store = RocksStore::Open(settings_, registry_);
    POSTERN_CHECK(store.ok());
    store_ = std::move(*store);
  }

  ~Bench() {
    store_.reset();
    std::filesystem::remove_all(path_);
  }

  // Keeps `outstanding` Puts waiting until `count` are answered; settles what was answered.
  void Run(std::uint64_t count, std::uint64_t outstanding, const std::string& body) {
    std::uint64_t started = 0;
    std::uint64_t answered = 0;
    while (answered < count) {
      for (; started < count && started - answered < outstanding; ++started)
        Start(body);
      std::vector<model::MessagePtr> done;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return !answered_.empty(); });
        done.swap(answered_);
      }
      answered += done.size();
      for (model::MessagePtr& message : done) {
        model::Settlement settlement;
        settlement.message = Delivered(message);
        store_->Settle(std::move(settlement));
      }
    }
  }

  const Probe& probe() const { return store_->probe(); }

 private:
  void Start(const std::string& body) {
    auto message = MessageWith(store_->NextId(), body);
    store_->Put(message, [this, message](absl::Status status) {
      POSTERN_CHECK(status.ok());
      const std::lock_guard lock(mutex_);
      answered_.push_back(message);
      if (answered_.size() == 1) wake_.notify_one();
    });
  }

  std::string path_;
  StoreSettings settings_;
  observe::Registry registry_;
  std::unique_ptr<RocksStore> store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<model::MessagePtr> answered_;
};

void PutAndSettle(benchmark::State& state) {
  Bench bench;
  const std::string body(static_cast<std::size_t>(state.range(1)), 'x');
  constexpr std::uint64_t kRound = 2000;
  for (auto _ : state)
    bench.Run(kRound, static_cast<std::uint64_t>(state.range(0)), body);
  const auto messages = static_cast<double>(state.iterations()) * kRound;
  state.counters["messages/s"] = benchmark::Counter(messages, benchmark::Counter::kIsRate);
  state.counters["syncs/message"] = static_cast<double>(bench.probe().syncs()) / messages;
}

BENCHMARK(PutAndSettle)
    ->ArgNames({"waiters", "bytes"})
    ->Args({1, 4096})
    ->Args({8, 4096})
    ->Args({32, 4096})
    ->Args({128, 4096})
    ->Args({32, 100 * 1024})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void Crc32c(benchmark::State& state) {
  const std::string bytes(128 * 1024, 'x');
  for (auto _ : state)
    benchmark::DoNotOptimize(state.range(0) != 0 ? ExtendCrc32c(0, bytes)
                                                 : ExtendCrc32cByTable(0, bytes));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}

BENCHMARK(Crc32c)->ArgName("hardware")->Arg(0)->Arg(1);

}  // namespace
}  // namespace postern::store

BENCHMARK_MAIN();
