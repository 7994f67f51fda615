// A start with many queued messages: how long it takes and how much memory it needs.
//
// POSTERN_MESSAGES=1000000 runs it at full size, on /tmp.

#include <array>
#include <chrono>
#include <condition_variable>
#include <fstream>

#include "gtest/gtest.h"
#include <stdlib.h>

#include "tests/support/store/store_world.h"

namespace postern::store {
namespace {

constexpr std::size_t kTicketBytes = 192;  // what the queue keeps of a waiting message
constexpr std::size_t kOutstanding = 8192;

std::size_t MessagesAtScale() {
  const char* text = getenv("POSTERN_MESSAGES");
  return text == nullptr ? 20'000 : strtoul(text, nullptr, 10);
}

// A line of /proc/self/status, in MiB.
double MemoryMiB(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return strtod(line.c_str() + field.size() + 1, nullptr) / 1024;
  }
  return 0;
}

class QueueWriter {
 public:
  explicit QueueWriter(RocksStore& store) : store_(store) {}

  void Write(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return waiting_ < kOutstanding; });
        ++waiting_;
      }
      auto message = MessageWith(store_.NextId(), "a small body of a queued message");
      message->subject = "Subject of a queued message";
      message->recipients[0].next_hop = {.type = model::DeliveryType::kDnsConnectorDelivery,
                                         .domain = "example.test",
                                         .connector = "internet"};
      message->recipients[0].last_error = "451 4.4.1 no answer from the next hop";
      store_.Put(message, [this](absl::Status status) { Answered(status); });
    }
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return waiting_ == 0; });
  }

  std::size_t kept() const { return kept_; }

 private:
  void Answered(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (status.ok()) ++kept_;
    --waiting_;
    if (waiting_ == 0 || waiting_ == kOutstanding / 2) wake_.notify_one();
  }

  RocksStore& store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::size_t waiting_ = 0;
  std::size_t kept_ = 0;
};

TEST(ScaleTest, AllQueuedMessagesAreThereSoonAfterAStart) {
  const std::size_t count = MessagesAtScale();
  StoreWorld world(count > 100'000 ? "/tmp" : "/dev/shm");
  world.settings.write_buffers = StoreSettings().write_buffers;
  ASSERT_TRUE(world.Open().ok());
  QueueWriter writer(*world);
  writer.Write(count);
  ASSERT_EQ(writer.kept(), count);
  world.Kill();

  std::ofstream("/proc/self/clear_refs") << "5";  // the peak counts from here
  const double before = MemoryMiB("VmRSS:");
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  ASSERT_TRUE(world.Open().ok());
  const double opened = seconds();
  std::vector<std::unique_ptr<std::array<char, kTicketBytes>>> tickets;
  const absl::Status scanned = world->Scan([&tickets](model::MessagePtr message, bool) {
    tickets.push_back(std::make_unique<std::array<char, kTicketBytes>>());
    tickets.back()->fill(static_cast<char>(message->id.value));
  });
  const double all = seconds();
  printf("messages %zu: open %.2f s, scan %.2f s; memory before %.0f MiB, at most %.0f MiB\n",
         count, opened, all - opened, before, MemoryMiB("VmHWM:"));
  EXPECT_TRUE(scanned.ok());
  EXPECT_EQ(tickets.size(), count);
  EXPECT_LT(all, 10.0);
  EXPECT_LT(MemoryMiB("VmHWM:"), 700.0);
}

}  // namespace
}  // namespace postern::store
