// services/mailbox-transport/model/ticket.h
//
// Ticket: what the queue keeps of a message waiting for one next hop: small, because there are
// millions.
//
// Limits    With its place in the queue at most 512 bytes (docs/performance).

#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

#include "common/base/ids.h"
#include "services/mailbox-transport/model/message.h"

namespace postern::model {

// Tells apart what a message has in one queue: two of its tickets there share no recipient.
struct TicketKey {
  base::MessageId id;
  std::uint32_t first = 0;  // of the recipients

  bool operator==(const TicketKey&) const = default;
};

struct Ticket {
  TicketKey key() const { return {id, recipients.empty() ? 0 : recipients.front()}; }

  base::MessageId id;
  MessagePtr message;                     // null when it must be loaded before the attempt
  std::vector<std::uint32_t> recipients;  // indices into the message; those of this next hop
  absl::Time due = absl::InfinitePast();
  absl::Time expires = absl::InfiniteFuture();
  absl::Time notify_delay_at = absl::InfiniteFuture();  // when a delay DSN is owed
  Priority priority = Priority::kNormal;
  bool suspended = false;  // by an administrator: it waits until he resumes it
};

}  // namespace postern::model
