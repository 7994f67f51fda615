// Settling, as a shard does it.

#include <algorithm>
#include <optional>
#include <utility>

#include "common/observe/log.h"
#include "services/mailbox-transport/deliver/stored_body.h"
#include "services/mailbox-transport/pipeline/shard.h"
#include "services/mailbox-transport/pipeline/tickets.h"

namespace postern::pipeline {

namespace {

constexpr absl::Duration kRoomAgain = absl::Seconds(1);
// Of notices that the store had no room for, in each shard.
constexpr std::size_t kLateBytesMax = 64 * 1024 * 1024;

}  // namespace

Shard& Shard::OwnerOf(const model::Message& message) {
  if (message.envelope.recipients.size() < 2) return *this;
  return *(*shards_)[message.id.value % shards_->size()];
}

io::Task<settle::Settled> Shard::Settle(
    Shard& owner, model::MessagePtr message, Decide decide, TrackedWork work, Kept kept) {
  Tracking* const tracking = shared_.tracking;
  std::vector<TrackedReport> tracked;
  absl::AnyInvocable<settle::Decision()> deciding = [&owner, &decide, &work, &tracked, tracking] {
    settle::Decision decided = decide(owner.settler_);
    if (tracking != nullptr) {
      tracking->Judged(decided, work);
      tracked = Tracking::ReportsOf(decided);
    }
    return decided;
  };
  settle::Decision decision = co_await On(owner, std::move(deciding));
  const bool reports = !decision.reports.empty();
  const bool in_hand = decision.in_hand;
  settle::Original original = co_await OriginalOf(message, decision.original);

  const Kept reported =
      reports ? std::make_shared<io::Completion<absl::Status>>(executor_) : nullptr;
  absl::AnyInvocable<settle::Settled()> committing = [&, kept, reported, tracking] {
    // Until the store has the new state nobody may load the old one: the message stays at hand.
    model::MessageStore::Done done = [message, kept, reported](const absl::Status& status) {
      if (reported != nullptr) reported->Set(status);
      if (kept != nullptr) kept->Set(status);
    };
    settle::Settled committed =
        owner.settler_.Commit(std::move(decision), std::move(original), std::move(done));
    if (!committed.tickets.empty()) shared_.at_hand.NoteUnwritten(message);
    if (tracking != nullptr) tracking->Reported(*message, tracked, committed.notices);
    return committed;
  };
  settle::Settled settled = co_await On(owner, std::move(committing));
  if (!settled.notices.empty()) {
    model::Settlement settlement{message, settled.notices, in_hand};
    workers_.Spawn(PlaceWhenKept(reported, &owner, std::move(settlement)));
  }
  co_return settled;
}

io::Task<void> Shard::RefuseAll(model::MessagePtr message, std::vector<std::uint32_t> recipients) {
  const OnTheWay::Some some(shared_.on_the_way);

  // One report for all that are refused for one reason.
  struct Group {
    route::Reject refusal;
    std::vector<std::uint32_t> recipients;
  };

  std::vector<Group> groups;
  std::vector<std::uint32_t> routed;  // the directory has changed meanwhile
  for (const std::uint32_t i : recipients) {
    const auto refusal = shared_.router.RefusalOf(*message, i);
    if (!refusal) {
      shared_.router.RouteOne(*message, i);
      routed.push_back(i);
      continue;
    }
    auto group = std::find_if(groups.begin(), groups.end(), [&refusal](const Group& one) {
      return one.refusal == *refusal && one.recipients.size() < kTicketRecipientsMax;
    });
    if (group == groups.end()) group = groups.insert(group, {*refusal, {}});
    group->recipients.push_back(i);
  }
  if (!routed.empty()) {
    shared_.WriteRouted(message);
    shared_.place_recipients(message, routed);
  }
  for (Group& group : groups)
    co_await RefuseTogether(message, std::move(group.recipients), group.refusal);
  worker_ended_.NotifyAll();
}

io::Task<void> Shard::RefuseTogether(model::MessagePtr message,
                                     std::vector<std::uint32_t> recipients,
                                     route::Reject refusal) {
  model::Batch batch;
  batch.message = message;
  batch.recipients = recipients;
  model::Ticket ticket;
  ticket.id = message->id;
  ticket.message = message;
  ticket.recipients = std::move(recipients);
  Decide decide = [&batch, &ticket, &refusal](settle::Settler& settler) {
    return settler.Fail(batch, ticket, absl::FailedPreconditionError(refusal.reason),
                        refusal.status);
  };
  TrackedWork tracked;
  tracked.source = TrackingSource::kRouting;
  co_await Settle(*this, message, std::move(decide), std::move(tracked));
}

void Shard::NoteError(const model::NextHop& hop,
                      const model::Message& message,
                      const std::vector<std::uint32_t>& recipients) {
  for (const std::uint32_t index : recipients) {
    const std::string& error = message.recipients[index].last_error;
    if (!error.empty()) return queue_.NoteError(hop, error);
  }
}

io::Task<void> Shard::PlaceWhenKept(Kept kept, Shard* owner, model::Settlement settlement) {
  const OnTheWay::Some some(shared_.on_the_way, settlement.notices.size());
  // A stop does not wait for space on the disk: the next start finds the notices, or makes them.
  std::optional<absl::Status> status = co_await kept->Until(absl::InfiniteDuration());
  const bool refused = status.has_value() && !status->ok();
  if (refused) status = co_await KeepLate(owner, settlement);
  if (status.has_value() && status->ok()) {
    for (const model::MessagePtr& notice : settlement.notices)
      shared_.place(notice);
  }
  worker_ended_.NotifyAll();
}

// What the store had no room for is given to it again: its recipients count as settled, and a later
// state of the message would be written without the notice about them. Nothing: a stop came first,
// or too much waits already.
io::Task<std::optional<absl::Status>> Shard::KeepLate(Shard* owner, model::Settlement settlement) {
  std::size_t bytes = 0;
  for (const model::MessagePtr& notice : settlement.notices)
    bytes += notice->size;
  if (late_bytes_ + bytes > kLateBytesMax) co_return std::nullopt;
  late_bytes_ += bytes;
  std::optional<absl::Status> status = absl::UnavailableError("not yet");
  while (status.has_value() && !status->ok()) {
    const absl::Status slept = co_await io::Sleep(kRoomAgain);
    status.reset();
    if (!slept.ok() || stopped_) break;
    const auto kept = std::make_shared<io::Completion<absl::Status>>(executor_);
    absl::AnyInvocable<bool()> again = [this, &settlement, kept] {
      shared_.store.Settle(settlement, [kept](absl::Status put) { kept->Set(std::move(put)); });
      return true;
    };
    co_await On(*owner, std::move(again));
    status = co_await kept->Until(absl::InfiniteDuration());
  }
  late_bytes_ -= bytes;
  co_return status;
}

io::Task<settle::Original> Shard::OriginalOf(model::MessagePtr message, settle::OriginalPart part) {
  settle::Original original;
  if (part == settle::OriginalPart::kNothing) co_return original;
  const std::uint64_t wanted =
      part == settle::OriginalPart::kWhole ? message->size : message->header_bytes;
  std::string bytes;
  deliver::StoredBody body(shared_.store, shared_.disk, message);
  absl::Status read = co_await body.Rewind();
  while (read.ok() && bytes.size() < wanted) {
    const auto next = co_await body.Next();
    if (!next.ok() || next->empty()) {
      read =
          next.ok() ? absl::DataLossError("the content is shorter than its size") : next.status();
      break;
    }
    bytes.append(*next);
  }
  if (!read.ok()) {
    POSTERN_LOG(kWarning, "settle", "original cannot be read for a notice",
                {{"message_id", message->id.ToString()}, {"error", read}});
    co_return original;
  }
  original.headers = bytes.substr(0, message->header_bytes);
  if (part == settle::OriginalPart::kWhole) original.body = bytes.substr(message->header_bytes);
  co_return original;
}

}  // namespace postern::pipeline
