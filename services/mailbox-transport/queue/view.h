// services/mailbox-transport/queue/view.h
//
// What the queue hands out: work for a worker, and views of queues and tickets for administrators.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "services/mailbox-transport/model/next_hop.h"
#include "services/mailbox-transport/model/ticket.h"

namespace postern::queue {

// What one worker works through: the due tickets of one next hop, or the lapsed tickets of the
// shard.
struct Lane {
  enum class Kind : std::uint8_t { kHop, kLapsed };

  Kind kind = Kind::kHop;
  model::NextHop hop;  // empty for kLapsed

  bool operator==(const Lane&) const = default;
};

// One ticket, out of the queue until its worker says Done or Retry.
struct Work {
  enum class Kind : std::uint8_t {
    kAttempt,  // deliver it
    kExpired,  // its time is over: return it
    kDelayed,  // its sender is to be told of the delay; afterwards Retry(hop, ticket) puts it back
    kRemoved,  // an administrator wants it away: settle it so
    kChanged,  // an administrator changes it: PutBack or Done
  };

  Kind kind = Kind::kAttempt;
  model::NextHop hop;
  model::Ticket ticket;
  bool with_ndr = false;  // kRemoved: its sender is told
};

// What an administrator wants of one message.
enum class Wish : std::uint8_t { kSuspend, kResume, kRemove, kRemoveWithNdr };

// What waits for the end of an attempt; it is done only if the message comes back.
enum class Pending : std::uint8_t { kNothing, kSuspend, kRemove, kRemoveWithNdr };

constexpr bool Removes(Pending pending) {
  return pending == Pending::kRemove || pending == Pending::kRemoveWithNdr;
}

// What a wish met.
struct Changing {
  std::vector<Work> works;     // taken out, to be changed and put back, or Done
  std::size_t pending = 0;     // under way: the wish is noted
  std::size_t taken_back = 0;  // under way: the wish to suspend is forgotten
};

// Exchange's words for a queue and for a message.
enum class QueueStatus : std::uint8_t { kReady, kConnecting, kActive, kRetry, kSuspended };
inline constexpr std::size_t kQueueStatuses = 5;

enum class MessageStatus : std::uint8_t {
  kReady,
  kActive,
  kRetry,
  kSuspended,
  kPendingSuspend,
  kPendingRemove,
};

std::string_view NameOf(QueueStatus status);
std::string_view NameOf(MessageStatus status);

struct QueueView {
  std::uint64_t id = 0;  // unique in the shard as long as the queue exists
  model::NextHop hop;
  QueueStatus status = QueueStatus::kReady;
  base::MessageId first;            // none of its messages is older; 0 when there is none
  std::size_t message_count = 0;    // waiting and under way
  std::size_t deferred_count = 0;   // of these, not to be tried now
  std::size_t suspended_count = 0;  // of these, by an administrator, each for itself
  std::array<std::size_t, model::kPriorities> count_by_priority{};  // by number of Priority
  std::array<std::size_t, model::kPriorities> deferred_by_priority{};
  std::size_t connections = 0;     // workers
  std::string mx_set = {};         // its domain's, as far as it is known
  std::uint32_t retry_count = 0;   // failures in a row of the next hop
  std::string last_error;          // of the next hop
  std::string message_error = {};  // the newest of a message that waits there
  absl::Time last_retry_time = absl::InfinitePast();
  absl::Time next_retry_time = absl::InfiniteFuture();
  absl::Time first_retry_time = absl::InfiniteFuture();  // when it went to Retry
  // Messages a minute, over the last one.
  double incoming_rate = 0;
  double outgoing_rate = 0;
  double velocity = 0;  // outgoing less incoming
};

struct TicketView {
  base::MessageId id;
  MessageStatus status = MessageStatus::kReady;
  model::Priority priority = model::Priority::kNormal;
  absl::Time due = absl::InfinitePast();  // InfiniteFuture while it is suspended
  absl::Time expires = absl::InfiniteFuture();
};

}  // namespace postern::queue
