#include "services/mailbox-transport/queue/queue.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace postern::queue {

namespace {

// Run looks at the clock at least this often: it may have been set, and the queues are counted.
constexpr absl::Duration kSleepMax = absl::Seconds(5);
// What the queues hold is counted this often, for the metrics.
constexpr absl::Duration kCensusInterval = absl::Seconds(5);
// A wake-up is worth at least this: what is due meanwhile is done together.
constexpr absl::Duration kSleepMin = absl::Milliseconds(5);

std::size_t PartOf(int whole, std::size_t parts) {
  return (static_cast<std::size_t>(whole) + parts - 1) / parts;
}

}  // namespace

Queue::Queue(io::Executor& executor,
             base::Clock& clock,
             base::Random& random,
             const QueueSettings& settings,
             Probe& probe,
             ShardPlace shard)
    : executor_(executor),
      clock_(clock),
      probe_(probe),
      shard_(shard),
      schedule_(settings,
                random,
                probe,
                PartOf(*settings.max_outbound_connections, shard.of),
                shard.of,
                shard.sets,
                shard.number) {
  POSTERN_CHECK(shard.number < shard.of);
  if (shard.sets == nullptr) return;
  shard.sets->OnRoom(shard.number, [this](MxSetPtr set) {
    executor_.Post([this, set = std::move(set)] {
      const absl::Time now = clock_.Now();
      schedule_.RoomIn(set, now);
      Pump(now);
    });
  });
  shard.sets->OnSpareWanted(shard.number, [this](MxSetPtr set) {
    executor_.Post([this, set = std::move(set)] {
      if (spare_wanted_) spare_wanted_(*set);
      set->GaveUp(shard_.number);
    });
  });
}

Queue::~Queue() = default;

void Queue::OnWanted(absl::AnyInvocable<void(Lane)> wanted) {
  wanted_ = std::move(wanted);
}

void Queue::OnOverdue(absl::AnyInvocable<void(model::NextHop)> overdue) {
  overdue_ = std::move(overdue);
}

void Queue::OnSpareWanted(absl::AnyInvocable<void(const MxSet&)> spare_wanted) {
  spare_wanted_ = std::move(spare_wanted);
}

io::Task<void> Queue::Run() {
  POSTERN_CHECK(executor_.InThread());
  for (;;) {
    RunOnce();
    const absl::Time now = clock_.Now();
    const absl::Duration nap = std::clamp(schedule_.NextWake() - now, kSleepMin, kSleepMax);
    sleeps_until_ = now + nap;
    const absl::Status woken = co_await earlier_.Until(nap);
    if (absl::IsCancelled(woken)) co_return;
  }
}

void Queue::RunOnce() {
  const absl::Time now = clock_.Now();
  if (now - counted_ >= kCensusInterval || now < counted_) {
    counted_ = now;
    probe_.Counted(shard_.number, schedule_.Count(now));
  }
  Pump(now);
}

void Queue::Stop() {
  stopped_ = true;
}

void Queue::Pump(absl::Time now) {
  if (stopped_ || pumping_ || !wanted_) return;
  pumping_ = true;
  while (auto lane = schedule_.NextWanted(now)) {
    wanted_(*std::move(lane));
    if (stopped_) break;
    now = clock_.Now();
  }
  pumping_ = false;
  for (model::NextHop& hop : schedule_.TakeOverdue()) {
    if (overdue_) overdue_(std::move(hop));
  }
  if (schedule_.NextWake() < sleeps_until_) {
    sleeps_until_ = schedule_.NextWake();
    earlier_.NotifyAll();
  }
}

void Queue::Add(const model::NextHop& hop, model::Ticket ticket) {
  const absl::Time now = clock_.Now();
  schedule_.Add(hop, std::move(ticket), now);
  Pump(now);
}

std::optional<Work> Queue::TryTake(const Lane& lane) {
  if (stopped_) return std::nullopt;
  const absl::Time now = clock_.Now();
  auto work = schedule_.TryTake(lane, now);
  Pump(now);
  return work;
}

void Queue::WorkerEnded(const Lane& lane) {
  const absl::Time now = clock_.Now();
  schedule_.WorkerEnded(lane, now);
  Pump(now);
}

void Queue::Done(const model::NextHop& hop, model::TicketKey key) {
  const absl::Time now = clock_.Now();
  schedule_.Done(hop, key, now);
  Pump(now);
}

void Queue::Retry(const model::NextHop& hop, model::Ticket ticket) {
  const absl::Time now = clock_.Now();
  schedule_.Retry(hop, std::move(ticket), now);
  Pump(now);
}

void Queue::Retry(const model::NextHop& hop,
                  model::TicketKey key,
                  std::vector<model::Ticket> tickets) {
  const absl::Time now = clock_.Now();
  schedule_.Retry(hop, key, std::move(tickets), now);
  Pump(now);
}

void Queue::Suspend(const model::NextHop& hop) {
  schedule_.Suspend(hop, clock_.Now());
}

bool Queue::Resume(const model::NextHop& hop) {
  const absl::Time now = clock_.Now();
  const bool was = schedule_.Resume(hop, now);
  Pump(now);
  return was;
}

bool Queue::Suspended(const model::NextHop& hop) const {
  return schedule_.Suspended(hop);
}

Changing Queue::Change(const model::NextHop& hop, base::MessageId id, Wish wish) {
  return schedule_.Change(hop, id, wish, clock_.Now());
}

Pending Queue::PendingOf(const model::NextHop& hop, model::TicketKey key) const {
  return schedule_.PendingOf(hop, key);
}

void Queue::PutBack(const model::NextHop& hop, model::Ticket ticket) {
  const absl::Time now = clock_.Now();
  schedule_.PutBack(hop, std::move(ticket), now);
  Pump(now);
}

void Queue::HopWorked(const model::NextHop& hop) {
  const absl::Time now = clock_.Now();
  schedule_.HopWorked(hop, now);
  Pump(now);
}

void Queue::HopDeferred(const model::NextHop& hop) {
  const absl::Time now = clock_.Now();
  schedule_.HopDeferred(hop, now);
  Pump(now);
}

void Queue::NoteError(const model::NextHop& hop, std::string_view error) {
  schedule_.NoteError(hop, error);
}

void Queue::HopFailed(const model::NextHop& hop, std::string_view error, bool hosts_down) {
  const absl::Time now = clock_.Now();
  schedule_.HopFailed(hop, error, now, hosts_down);
  Pump(now);
}

bool Queue::Admit(const model::NextHop& hop,
                  model::TicketKey key,
                  const std::string& mx_set,
                  absl::Duration ttl) {
  const absl::Time now = clock_.Now();
  const bool admitted = schedule_.Admit(hop, key, mx_set, ttl, now);
  Pump(now);
  return admitted;
}

std::string Queue::PlaceOf(const model::NextHop& hop, model::TicketKey key) const {
  return schedule_.PlaceOf(hop, key);
}

void Queue::PutOff(const model::NextHop& hop, model::Ticket ticket) {
  const absl::Time now = clock_.Now();
  schedule_.PutOff(hop, std::move(ticket), now);
  Pump(now);
}

void Queue::HopHeld(const model::NextHop& hop, std::string_view reason) {
  const absl::Time now = clock_.Now();
  schedule_.HopHeld(hop, reason, now);
  Pump(now);
}

void Queue::WakeHeld() {
  const absl::Time now = clock_.Now();
  schedule_.WakeHeld(now);
  Pump(now);
}

bool Queue::RetryNow(const model::NextHop& hop) {
  const absl::Time now = clock_.Now();
  const bool known = schedule_.RetryNow(hop, now);
  Pump(now);
  return known;
}

std::uint64_t Queue::Mark() const {
  return schedule_.mark();
}

std::vector<model::Ticket> Queue::TakeBack(const model::NextHop& hop,
                                           std::uint64_t mark,
                                           std::size_t tickets_max) {
  const absl::Time now = clock_.Now();
  auto tickets = schedule_.TakeBack(hop, mark, tickets_max, now);
  Pump(now);
  return tickets;
}

std::vector<model::Ticket> Queue::TakeAway(const model::NextHop& hop,
                                           std::uint64_t mark,
                                           std::size_t tickets_max) {
  const absl::Time now = clock_.Now();
  auto tickets = schedule_.TakeAway(hop, mark, tickets_max, now);
  Pump(now);
  return tickets;
}

std::vector<QueueView> Queue::Queues() const {
  return schedule_.Queues(clock_.Now());
}

std::vector<TicketView> Queue::Tickets(const model::NextHop& hop, std::size_t tickets_max) const {
  return schedule_.Tickets(hop, tickets_max);
}

std::vector<TicketView> Queue::UnderWay(const model::NextHop& hop, std::size_t tickets_max) const {
  return schedule_.UnderWay(hop, tickets_max);
}

std::size_t Queue::message_count() const {
  return schedule_.message_count();
}

}  // namespace postern::queue
