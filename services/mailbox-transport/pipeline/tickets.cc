#include "services/mailbox-transport/pipeline/tickets.h"

#include <algorithm>

namespace postern::pipeline {

std::vector<PlacedTicket> TicketsOf(const model::MessagePtr& message,
                                    absl::Duration delay_after,
                                    bool keep_message) {
  std::vector<PlacedTicket> placed;
  for (std::uint32_t i = 0; i < message->recipients.size(); ++i) {
    const model::RecipientState& state = message->recipients[i];
    if (state.phase != model::Phase::kPending) continue;
    const bool nobody_to_tell = message->notice || message->envelope.sender.empty();
    const absl::Time notify_at = state.delay_notified || nobody_to_tell
                                     ? absl::InfiniteFuture()
                                     : message->accepted + delay_after;
    auto same = std::find_if(placed.begin(), placed.end(), [&](const PlacedTicket& one) {
      return one.hop == state.next_hop && one.ticket.due == state.next_attempt &&
             one.ticket.notify_delay_at == notify_at && one.ticket.suspended == state.suspended &&
             one.ticket.recipients.size() < kTicketRecipientsMax;
    });
    if (same == placed.end()) {
      PlacedTicket fresh;
      fresh.hop = state.next_hop;
      fresh.ticket.id = message->id;
      // Of what comes to the unreachable ones it is looked at whether it still is.
      const bool unreachable = state.next_hop.type == model::DeliveryType::kUnreachable;
      if (keep_message || unreachable) fresh.ticket.message = message;
      fresh.ticket.due = state.next_attempt;
      fresh.ticket.expires = message->expires;
      fresh.ticket.notify_delay_at = notify_at;
      fresh.ticket.priority = message->priority;
      fresh.ticket.suspended = state.suspended;
      same = placed.insert(placed.end(), std::move(fresh));
    }
    same->ticket.recipients.push_back(i);
  }
  return placed;
}

}  // namespace postern::pipeline
