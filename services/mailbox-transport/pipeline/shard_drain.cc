// Handing over, as a shard does it.

#include <algorithm>
#include <deque>
#include <utility>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/pipeline/shard.h"

namespace postern::pipeline {

struct Shard::Draining {
  Draining(model::RelayPlan servers, absl::Time end, absl::Time last)
      : plan(std::move(servers)), until(end), at_latest(last) {}

  const model::RelayPlan plan;
  const absl::Time until;
  const absl::Time at_latest;
  DrainRound round;
  model::NextHop hop;
  bool suspended = false;  // the queue, or every message of it
  std::deque<model::Ticket> tickets;
  bool gave_back = false;
  std::size_t workers = 0;
  io::Event ended;
};

bool Shard::Over(const Draining& drain) const {
  return stopped_ || !drain.round.error.empty() || shared_.clock.Now() >= drain.until;
}

io::Task<DrainRound> Shard::Drain(model::RelayPlan plan, absl::Time until, absl::Time at_latest) {
  auto drain = std::make_shared<Draining>(std::move(plan), until, at_latest);
  for (const queue::QueueView& view : queue_.Queues()) {
    drain->hop = view.hop;
    // Poison is told as such; it is resumed as poison is.
    drain->suspended = queue_.Suspended(view.hop) && view.hop.type != model::DeliveryType::kPoison;
    const std::uint64_t mark = queue_.Mark();
    while (!Over(*drain)) {
      std::vector<model::Ticket> taken = queue_.TakeAway(view.hop, mark, kDrainSlice);
      if (taken.empty()) break;
      const OnTheWay::Some some(shared_.on_the_way, taken.size());
      std::move(taken.begin(), taken.end(), std::back_inserter(drain->tickets));
      for (std::size_t i = 0; i < std::min(kDrainWorkers, drain->tickets.size()); ++i) {
        ++drain->workers;
        workers_.Spawn(DrainWorker(drain));
      }
      while (drain->workers > 0) {
        const absl::Status waited = co_await drain->ended.Until(absl::InfiniteDuration());
        if (!waited.ok()) co_return drain->round;  // the workers give back what they have
      }
    }
    // What came back there while the directory changed would wait for its next change.
    const bool unreachable = view.hop.type == model::DeliveryType::kUnreachable;
    if (unreachable && drain->gave_back) RerouteSoon();
    if (Over(*drain)) break;
  }
  co_return drain->round;
}

io::Task<void> Shard::DrainWorker(std::shared_ptr<Draining> drain) {
  while (!drain->tickets.empty()) {
    model::Ticket ticket = std::move(drain->tickets.front());
    drain->tickets.pop_front();
    if (Over(*drain)) {
      if (stopped_ || !drain->round.error.empty()) ++drain->round.kept;
      drain->gave_back = true;
      queue_.Add(drain->hop, std::move(ticket));
      continue;
    }
    co_await DrainTicket(drain, std::move(ticket));
  }
  --drain->workers;
  drain->ended.NotifyAll();
  worker_ended_.NotifyAll();
}

io::Task<void> Shard::DrainTicket(std::shared_ptr<Draining> drain, model::Ticket ticket) {
  auto message = co_await MessageOf(ticket);
  if (!message.ok()) {
    ++drain->round.kept;
    NoteUnreadable(drain->hop, std::move(ticket), message.status());
    co_return;
  }
  model::Batch batch;
  batch.message = *message;
  batch.next_hop = drain->hop;
  batch.recipients = ticket.recipients;
  batch.suspended = drain->suspended || ticket.suspended;
  shared_.store.MarkInHand(ticket.id);
  const smtp::Outcome outcome = co_await deliver_.RelayOn(batch, drain->plan, drain->at_latest);
  if (const absl::Status handed = deliver::HandedOver(outcome); !handed.ok()) {
    shared_.store.ClearInHand(ticket.id);
    if (outcome.ambiguous) deliver_probe_.Ambiguous(deliver::AmbiguousReason::kRelayLost);
    ++drain->round.kept;
    drain->round.error = base::MessageOf(handed);
    ticket.message = nullptr;
    drain->gave_back = true;
    queue_.Add(drain->hop, std::move(ticket));
    co_return;
  }
  POSTERN_LOG(kInfo, "deliver", "handed over",
              {{"message_id", ticket.id.ToString()},
               {"next_hop", drain->hop.domain},
               {"connector", drain->hop.connector},
               {"host", outcome.recipients.front().host}});
  const model::Ticket settling = ticket;
  Decide decide = [&batch, &settling, &outcome](settle::Settler& settler) {
    return settler.Decide(batch, settling, outcome);
  };
  TrackedWork tracked;
  tracked.hop = drain->hop;
  tracked.outcome = &outcome;
  tracked.way = deliver::NameOf(deliver::Way::kRelay);
  co_await Settle(OwnerOf(**message), *message, std::move(decide), std::move(tracked));
  ++drain->round.moved;
}

}  // namespace postern::pipeline
