// services/mailbox-transport/pipeline/tickets.h
//
// TicketsOf: a message's pending recipients as tickets, one for each next hop and due time. Pure.
//
// Limits    kTicketRecipientsMax recipients of a ticket; the rest have more tickets.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "services/mailbox-transport/model/ticket.h"

namespace postern::pipeline {

// A message to more of one next hop goes in several attempts: its offer to a front end or a relay
// is one frame (rpc.frame_bytes_max).
inline constexpr std::size_t kTicketRecipientsMax = 5000;

struct PlacedTicket {
  model::NextHop hop;
  model::Ticket ticket;
};

// Of `recipients`, or of all. `delay_after`: how long after acceptance a delay notice is owed.
// `keep_message`: the tickets hold the message in memory until their first attempt.
std::vector<PlacedTicket> TicketsOf(const model::MessagePtr& message,
                                    std::span<const std::uint32_t> recipients,
                                    absl::Duration delay_after,
                                    bool keep_message);
std::vector<PlacedTicket> TicketsOf(const model::MessagePtr& message,
                                    absl::Duration delay_after,
                                    bool keep_message);

}  // namespace postern::pipeline
