#include "services/mailbox-transport/pipeline/tickets.h"

#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace postern::pipeline {

namespace {

// What the recipients of one ticket have in common; `hop` is of one of them.
struct Shared {
  const model::NextHop* hop;
  absl::Time due;
  absl::Time notify_at;
  bool suspended;

  bool operator==(const Shared& other) const {
    return *hop == *other.hop && due == other.due && notify_at == other.notify_at &&
           suspended == other.suspended;
  }

  template <typename H>
  friend H AbslHashValue(H hash, const Shared& shared) {
    return H::combine(std::move(hash), std::hash<model::NextHop>()(*shared.hop), shared.due,
                      shared.notify_at, shared.suspended);
  }
};

PlacedTicket Fresh(const model::MessagePtr& message, const Shared& shared, bool keep_message) {
  PlacedTicket fresh;
  fresh.hop = *shared.hop;
  fresh.ticket.id = message->id;
  // Of what comes to the unreachable ones it is looked at whether it still is.
  const bool unreachable = shared.hop->type == model::DeliveryType::kUnreachable;
  if (keep_message || unreachable) fresh.ticket.message = message;
  fresh.ticket.due = shared.due;
  fresh.ticket.expires = message->expires;
  fresh.ticket.notify_delay_at = shared.notify_at;
  fresh.ticket.priority = message->priority;
  fresh.ticket.suspended = shared.suspended;
  return fresh;
}

}  // namespace

std::vector<PlacedTicket> TicketsOf(const model::MessagePtr& message,
                                    std::span<const std::uint32_t> recipients,
                                    absl::Duration delay_after,
                                    bool keep_message) {
  std::vector<PlacedTicket> placed;
  absl::flat_hash_map<Shared, std::size_t> open;  // of those alike the ticket that has room
  const bool nobody_to_tell = message->notice || message->envelope.sender.empty();
  for (const std::uint32_t recipient : recipients) {
    const model::RecipientState& state = message->recipients[recipient];
    if (state.phase != model::Phase::kPending) continue;
    const absl::Time notify_at = state.delay_notified || nobody_to_tell
                                     ? absl::InfiniteFuture()
                                     : message->accepted + delay_after;
    const Shared shared{&state.next_hop, state.next_attempt, notify_at, state.suspended};
    std::size_t at = placed.size();
    if (recipients.size() > 1) at = open.try_emplace(shared, at).first->second;
    const bool full =
        at < placed.size() && placed[at].ticket.recipients.size() >= kTicketRecipientsMax;
    if (full) at = open[shared] = placed.size();
    if (at == placed.size()) placed.push_back(Fresh(message, shared, keep_message));
    placed[at].ticket.recipients.push_back(recipient);
  }
  return placed;
}

std::vector<PlacedTicket> TicketsOf(const model::MessagePtr& message,
                                    absl::Duration delay_after,
                                    bool keep_message) {
  std::vector<std::uint32_t> all(message->recipients.size());
  std::iota(all.begin(), all.end(), 0U);
  return TicketsOf(message, all, delay_after, keep_message);
}

}  // namespace postern::pipeline
