#include <filesystem>
#include <future>

#include <stdlib.h>

#include "bench/micro/work.h"
#include "common/base/check.h"
#include "services/mailbox-transport/store/rocks_store.h"
#include "tests/support/store/verbs.h"

namespace postern::bench {
namespace {

// A store in memory, where a sync costs nothing but its call.
class Kept {
 public:
  explicit Kept(std::size_t bytes) : body_(bytes, 'x') {
    POSTERN_CHECK(mkdtemp(path_.data()) != nullptr);
    settings_.path.value = path_;
    auto store = store::RocksStore::Open(settings_, registry_);
    POSTERN_CHECK(store.ok());
    store_ = std::move(*store);
  }

  ~Kept() {
    store_.reset();
    std::filesystem::remove_all(path_);
  }

  // Puts `count` messages that share one batch, then settles them. The answer of one more keeps the
  // commit thread until all are in line, so that each batch is the same.
  void Batch(std::uint64_t count) {
    std::promise<void> held;
    std::promise<void> gate;
    store_->Put(store::MessageWith(store_->NextId(), ""),
                [&held, open = gate.get_future().share()](absl::Status status) {
                  POSTERN_CHECK(status.ok());
                  held.set_value();
                  open.wait();
                });
    held.get_future().wait();
    std::vector<model::MessagePtr> messages;
    std::promise<void> last;
    for (std::uint64_t i = 1; i <= count; ++i) {
      messages.push_back(store::MessageWith(store_->NextId(), body_));
      store_->Put(messages.back(), [&last, ends = i == count](absl::Status status) {
        POSTERN_CHECK(status.ok());
        if (ends) last.set_value();
      });
    }
    gate.set_value();
    last.get_future().wait();
    for (const model::MessagePtr& message : messages) {
      model::Settlement settlement;
      settlement.message = store::Delivered(message);
      store_->Settle(std::move(settlement));
    }
  }

 private:
  const std::string body_;
  std::string path_ = "/dev/shm/postern-micro-bench-XXXXXX";
  store::StoreSettings settings_;
  observe::Registry registry_;
  std::unique_ptr<store::RocksStore> store_;
};

Run Kept32(std::size_t bytes) {
  auto kept = std::make_shared<Kept>(bytes);
  return [kept](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; i += 32)
      kept->Batch(32);
  };
}

}  // namespace

void AddStoreWorks(Works& works) {
  works.push_back({"store.put_settle_4k", 640, [] { return Kept32(4096); }});
  works.push_back({"store.put_settle_100k", 64, [] { return Kept32(100 * 1024); }});
}

}  // namespace postern::bench
