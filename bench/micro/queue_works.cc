#include "bench/micro/work.h"
#include "common/base/check.h"
#include "services/mailbox-transport/queue/schedule.h"

namespace postern::bench {
namespace {

using queue::Lane;

// A schedule in which `waiting` messages over `hops` next hops wait for their next attempt.
class Waiting {
 public:
  Waiting(std::uint64_t waiting, std::size_t hops) {
    for (std::size_t i = 0; i < hops; ++i) {
      hops_.push_back({model::DeliveryType::kDnsConnectorDelivery,
                       "d" + std::to_string(i) + ".test", "Internet"});
    }
    for (std::uint64_t i = 0; i < waiting; ++i) {
      schedule_.Add(HopOf(i), TicketOf(absl::Hours(1) + absl::Milliseconds(i)), now_);
    }
  }

  // A message comes, a worker takes it, it is delivered, the worker ends.
  void Deliver() {
    const std::uint64_t number = next_;
    const model::NextHop& hop = HopOf(number);
    schedule_.Add(hop, TicketOf(absl::ZeroDuration()), now_);
    schedule_.HopWorked(hop, now_);
    const Lane lane = Start();
    const auto work = schedule_.TryTake(lane, now_);
    POSTERN_CHECK(work.has_value());
    schedule_.HopWorked(hop, now_);
    schedule_.Done(hop, work->ticket.key(), now_);
    schedule_.WorkerEnded(lane, now_);
  }

  // The same, but it waits for another attempt.
  void Retry() {
    const model::NextHop& hop = HopOf(next_);
    schedule_.Add(hop, TicketOf(absl::ZeroDuration()), now_);
    const Lane lane = Start();
    auto work = schedule_.TryTake(lane, now_);
    POSTERN_CHECK(work.has_value());
    work->ticket.due = now_ + absl::Minutes(15);
    schedule_.Retry(hop, std::move(work->ticket), now_);
    schedule_.WorkerEnded(lane, now_);
  }

 private:
  const model::NextHop& HopOf(std::uint64_t number) const { return hops_[number % hops_.size()]; }

  Lane Start() {
    const auto lane = schedule_.NextWanted(now_);
    POSTERN_CHECK(lane.has_value());
    return *lane;
  }

  model::Ticket TicketOf(absl::Duration due_in) {
    model::Ticket ticket;
    ticket.id = {++next_};
    ticket.recipients = {0};
    ticket.due = now_ + due_in;
    ticket.expires = now_ + absl::Hours(48);
    return ticket;
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  observe::Registry registry_;
  queue::Probe probe_{registry_};
  queue::QueueSettings settings_;
  base::SeededRandom random_{7};
  std::vector<model::NextHop> hops_;
  std::uint64_t next_ = 0;
  queue::Schedule schedule_{settings_, random_, probe_, 1000};
};

Run Delivering(std::uint64_t waiting, std::size_t hops) {
  auto queue = std::make_shared<Waiting>(waiting, hops);
  return [queue](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      queue->Deliver();
  };
}

Run Retrying(std::uint64_t waiting, std::size_t hops) {
  auto queue = std::make_shared<Waiting>(waiting, hops);
  return [queue](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      queue->Retry();
  };
}

}  // namespace

void AddQueueWorks(Works& works) {
  constexpr std::uint64_t kMillion = 1'000'000;
  works.push_back({"queue.deliver_empty", 2000, [] { return Delivering(0, 1); }});
  works.push_back({"queue.deliver_1m_1_hop", 2000, [] { return Delivering(kMillion, 1); }});
  works.push_back({"queue.deliver_1m_10k_hops", 2000, [] { return Delivering(kMillion, 10'000); }});
  works.push_back({"queue.retry_1m_10k_hops", 2000, [] { return Retrying(kMillion, 10'000); }});
}

}  // namespace postern::bench
