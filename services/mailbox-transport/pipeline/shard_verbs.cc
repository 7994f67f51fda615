// What administrators do to the messages of a shard.

#include <algorithm>
#include <utility>

#include "common/observe/log.h"
#include "services/mailbox-transport/pipeline/shard.h"

namespace postern::pipeline {

namespace {

using queue::Pending;
using queue::Wish;

bool Removes(Wish wish) {
  return wish == Wish::kRemove || wish == Wish::kRemoveWithNdr;
}

}  // namespace

io::Task<Changed> Shard::Change(model::NextHop hop, std::vector<base::MessageId> ids, Wish wish) {
  Changed changed;
  while (std::exchange(changing_, true)) {
    const absl::Status waited = co_await change_ended_.Wait();
    if (!waited.ok()) co_return changed;
  }
  Kept kept;
  for (const base::MessageId id : ids) {
    if (loops_.stopping()) break;
    ChangedOne one = co_await ChangeOne(hop, id, wish);
    if (one.kept != nullptr) kept = std::move(one.kept);
    ++(one.pending ? changed.pending : one.done ? changed.done : changed.absent);
  }
  changing_ = false;
  change_ended_.NotifyOne();
  if (kept == nullptr) co_return changed;
  // The store commits in order: with the last one all are kept. One that it refuses has no room.
  const auto answer = co_await kept->Until(absl::InfiniteDuration());
  if (!answer.has_value()) co_return Changed();
  if (!answer->ok()) changed.error = *answer;
  co_return changed;
}

io::Task<Shard::ChangedOne> Shard::ChangeOne(model::NextHop hop, base::MessageId id, Wish wish) {
  ChangedOne change;
  queue::Changing changing = queue_.Change(hop, id, wish);
  change.pending = changing.pending > 0;
  change.done = changing.taken_back > 0;
  if (changing.pending + changing.taken_back > 0 && !Removes(wish)) {
    // Kept at once, by the one object that its worker has: a crash must not forget it.
    std::vector<UnderWay> all;
    for (auto [at, end] = under_way_.equal_range(id); at != end; ++at) {
      if (at->second.hop == hop) all.push_back(at->second);
    }
    for (UnderWay& one : all) {
      change.Told(co_await KeepSuspended(hop, std::move(one.message), std::move(one.recipients),
                                         wish == Wish::kSuspend));
    }
  }
  for (queue::Work& work : changing.works)
    co_await ChangeWork(std::move(work), wish, change);
  // Without this a page of messages at hand would hold the executor.
  co_await io::Sleep(absl::ZeroDuration());
  co_return change;
}

io::Task<void> Shard::ChangeWork(queue::Work work, Wish wish, ChangedOne& change) {
  const auto message = co_await MessageOf(work.ticket);
  if (!message.ok()) {
    NoteUnreadable(work.hop, std::move(work.ticket), message.status());
    co_return;
  }
  change.done = true;
  work.ticket.message = *message;
  if (Removes(wish)) {
    change.kept = co_await RemoveTicket(std::move(work));
    co_return;
  }
  if (work.hop.type == model::DeliveryType::kPoison) {
    change.kept = co_await Pardon(std::move(work));
    co_return;
  }
  work.ticket.suspended = wish == Wish::kSuspend;
  if (!work.ticket.suspended) work.ticket.due = absl::InfinitePast();
  const std::vector<std::uint32_t> recipients = work.ticket.recipients;
  change.Told(co_await KeepSuspended(work.hop, *message, recipients, work.ticket.suspended));
  work.ticket.message = nullptr;
  const bool unreachable = work.hop.type == model::DeliveryType::kUnreachable;
  queue_.PutBack(work.hop, std::move(work.ticket));
  if (unreachable && wish == Wish::kResume) CatchUp(**message, recipients);
}

void Shard::Keep(const model::MessagePtr& message, const Kept& kept) {
  shared_.Write(message, [kept](absl::Status status) { kept->Set(std::move(status)); });
}

io::Task<Shard::Kept> Shard::KeepSuspended(model::NextHop hop,
                                           model::MessagePtr message,
                                           std::vector<std::uint32_t> recipients,
                                           bool suspended) {
  auto kept = std::make_shared<io::Completion<absl::Status>>(executor_);
  absl::AnyInvocable<bool()> keep = [this, &hop, &message, &recipients, suspended, kept] {
    bool any = false;
    for (const std::uint32_t i : recipients) {
      model::RecipientState& state = message->recipients[i];
      if (state.phase != model::Phase::kPending) continue;
      state.suspended = suspended;
      if (!suspended) state.next_attempt = absl::InfinitePast();
      state.next_hop = hop;  // what was read may be older than its queue
      any = true;
    }
    if (!any) return false;  // settled meanwhile: the store has it no more
    Keep(message, kept);
    return true;
  };
  const bool any = co_await On(OwnerOf(*message), std::move(keep));
  co_return any ? kept : nullptr;
}

io::Task<Shard::Kept> Shard::Pardon(queue::Work work) {
  auto kept = std::make_shared<io::Completion<absl::Status>>(executor_);
  const model::MessagePtr message = work.ticket.message;
  const std::vector<std::uint32_t> recipients = work.ticket.recipients;
  const OnTheWay::Some some(shared_.on_the_way);
  queue_.Done(work.hop, work.ticket.key());
  absl::AnyInvocable<bool()> route = [this, &message, &recipients, kept] {
    message->crashes = 0;
    const absl::Time now = shared_.clock.Now();
    // Its time went by in a queue in which nothing expires.
    if (message->expires <= now) {
      message->expires = now + queue::ExpirationOf(settings_.queue, message->priority);
    }
    for (const std::uint32_t recipient : recipients)
      shared_.router.RouteOne(*message, recipient);
    Keep(message, kept);
    shared_.place_recipients(message, recipients);
    return true;
  };
  co_await On(OwnerOf(*message), std::move(route));
  co_return kept;
}

io::Task<Shard::Kept> Shard::RemoveTicket(queue::Work work) {
  const model::MessagePtr message = work.ticket.message;
  const model::Batch batch{message, work.hop, work.ticket.recipients};
  const model::Ticket ticket = work.ticket;
  const bool with_ndr = work.with_ndr;
  Decide decide = [&batch, &ticket, with_ndr](settle::Settler& settler) {
    return settler.Remove(batch, ticket, with_ndr);
  };
  TrackedWork tracked;
  tracked.hop = work.hop;
  tracked.source = TrackingSource::kAdmin;
  const auto kept = std::make_shared<io::Completion<absl::Status>>(executor_);
  settle::Settled settled =
      co_await Settle(OwnerOf(*message), message, std::move(decide), std::move(tracked), kept);
  Requeue(work.hop, ticket, *message, std::move(settled));
  POSTERN_LOG(kInfo, "settle", "removed by an administrator",
              {{"message_id", message->id.ToString()},
               {"next_hop", work.hop.domain},
               {"connector", work.hop.connector}});
  co_return kept;
}

io::Task<void> Shard::EndBeforeAttempt(queue::Work work, Pending pending) {
  if (pending != Pending::kSuspend) {
    work.with_ndr = pending == Pending::kRemoveWithNdr;
    co_await RemoveTicket(std::move(work));
    co_return;
  }
  const auto kept =
      co_await KeepSuspended(work.hop, work.ticket.message, work.ticket.recipients, true);
  work.ticket.message = nullptr;
  queue_.Retry(work.hop, std::move(work.ticket));
}

void Shard::Resubmit(model::NextHop hop) {
  loops_.Spawn(RerouteQueue(std::move(hop), Due::kNow));
}

}  // namespace postern::pipeline
