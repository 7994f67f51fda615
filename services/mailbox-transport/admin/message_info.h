// services/mailbox-transport/admin/message_info.h
//
// MessageInfo: one message in one queue as administrators read it. Pure.
//
// Flow      ParseMessageIdentity; TicketOf a message and what the queues know of it; ToInfo.
// Failure   kInvalidArgument naming the identity and the rule.
// See       Exchange's Get-Message: Server\Queue\MessageId

#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/ids.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/model/message.h"
#include "services/mailbox-transport/queue/view.h"

namespace postern::admin {

struct MessageIdentity {
  base::MessageId id;
  std::string queue;  // "server\queue", or empty
};

// "123", or "server\queue\123".
absl::StatusOr<MessageIdentity> ParseMessageIdentity(std::string_view text);

// Where one message stands.
struct Standing {
  model::NextHop hop;
  std::string queue;  // its name, without the server
  queue::TicketView ticket;
  std::string queue_error;  // the last error of the queue itself
};

// Suspended or poison: nothing happens to it, and it may be exported.
bool IsAtRest(const Standing& standing);

// What a message that was read by its id tells of its recipients for `hop` alone.
queue::TicketView TicketOf(const model::Message& message,
                           const model::NextHop& hop,
                           absl::Time now);

// Of its recipients in this queue: the last error, or that of the queue itself; and the most
// attempts that one of them has had.
std::string LastErrorOf(const model::Message& message, const Standing& standing);
std::uint32_t RetryCountOf(const model::Message& message, const Standing& standing);

// "Transient Failure" when it was tried and is to be tried again, else "None".
std::string_view DeferReasonOf(const model::Message& message, const Standing& standing);

// One message in one queue, at one moment.
struct MessageRow {
  const model::Message& message;
  const Standing& standing;
  std::string_view server;
  absl::Time now;
};

v1::MessageInfo ToInfo(const MessageRow& row, bool include_recipients);

// hh:mm:ss.ff, as Exchange shows how long a message is here.
std::string LatencyText(absl::Duration latency);

}  // namespace postern::admin
