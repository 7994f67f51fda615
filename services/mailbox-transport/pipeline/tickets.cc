#include "services/mailbox-transport/pipeline/tickets.h"

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

// Takes recipients one by one.
class Tickets {
 public:
  Tickets(const model::MessagePtr& message,
          absl::Duration delay_after,
          bool keep_message,
          std::size_t recipients)
      : message_(message),
        notify_at_(message->notice || message->envelope.sender.empty()
                       ? absl::InfiniteFuture()
                       : message->accepted + delay_after),
        keep_message_(keep_message),
        alone_(recipients < 2) {}

  void Add(std::uint32_t recipient) {
    const model::RecipientState& state = message_->recipients[recipient];
    if (state.phase != model::Phase::kPending) return;
    const absl::Time notify_at = state.delay_notified ? absl::InfiniteFuture() : notify_at_;
    const Shared shared{&state.next_hop, state.next_attempt, notify_at, state.suspended};
    std::size_t at = placed_.size();
    if (!alone_) at = open_.try_emplace(shared, at).first->second;
    const bool full =
        at < placed_.size() && placed_[at].ticket.recipients.size() >= kTicketRecipientsMax;
    if (full) at = open_[shared] = placed_.size();
    if (at == placed_.size()) placed_.push_back(Fresh(message_, shared, keep_message_));
    placed_[at].ticket.recipients.push_back(recipient);
  }

  std::vector<PlacedTicket> Take() && { return std::move(placed_); }

 private:
  const model::MessagePtr& message_;
  const absl::Time notify_at_;
  const bool keep_message_;
  const bool alone_;  // there is nobody to share a ticket with
  std::vector<PlacedTicket> placed_;
  absl::flat_hash_map<Shared, std::size_t> open_;  // of those alike the ticket that has room
};

}  // namespace

std::vector<PlacedTicket> TicketsOf(const model::MessagePtr& message,
                                    std::span<const std::uint32_t> recipients,
                                    absl::Duration delay_after,
                                    bool keep_message) {
  Tickets tickets(message, delay_after, keep_message, recipients.size());
  for (const std::uint32_t recipient : recipients)
    tickets.Add(recipient);
  return std::move(tickets).Take();
}

std::vector<PlacedTicket> TicketsOf(const model::MessagePtr& message,
                                    absl::Duration delay_after,
                                    bool keep_message) {
  Tickets tickets(message, delay_after, keep_message, message->recipients.size());
  for (std::uint32_t i = 0; i < message->recipients.size(); ++i)
    tickets.Add(i);
  return std::move(tickets).Take();
}

}  // namespace postern::pipeline
