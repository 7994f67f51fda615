// services/mailbox-transport/admin/queue_state.h
//
// QueueState: what all shards say of their queues at one moment: what a query begins with.
//
// Flow      co_await AskQueues(pipeline); StandingsOf(message).
// Failure   kUnavailable: a shard does not answer.
// Limits    A shard is asked once, for its queues and what is under way; kTicketsMax for a list.

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"

#include "common/io/task.h"
#include "services/mailbox-transport/admin/message_info.h"
#include "services/mailbox-transport/admin/queue_names.h"
#include "services/mailbox-transport/pipeline/pipeline.h"

namespace postern::admin {

// So many tickets a shard lists at once: about two milliseconds.
inline constexpr std::size_t kTicketsMax = 16'384;

// Where a row stands among all rows: by message, then by queue.
struct RowPlace {
  std::uint64_t message = 0;
  std::uint64_t queue = 0;

  auto operator<=>(const RowPlace&) const = default;
};

// Submission, Unreachable, Poison, then the numbers.
std::uint64_t QueueRank(std::string_view name);

struct PlacedRow {
  RowPlace place;
  Standing standing;
};

class QueueState {
 public:
  struct Active {
    base::MessageId id;
    model::NextHop hop;
    queue::MessageStatus status;  // Active, PendingSuspend or PendingRemove
  };

  QueueState(std::vector<NamedQueue> queues, const std::vector<Active>& active);

  const std::vector<NamedQueue>& queues() const { return queues_; }

  // Null: there is none by now.
  const NamedQueue* Find(const model::NextHop& hop) const;

  // Messages and queues: one counts as often as it waits.
  std::size_t message_count() const;

  // No message that waits in a queue is older; 0 when none waits.
  base::MessageId first() const;

  // One for each queue that the message waits in, by place.
  std::vector<PlacedRow> StandingsOf(const model::Message& message, absl::Time now) const;

 private:
  // Null: no attempt of it is under way.
  const Active* FindActive(base::MessageId id, const model::NextHop& hop) const;

  std::vector<NamedQueue> queues_;
  std::unordered_map<model::NextHop, std::size_t> places_;
  std::unordered_multimap<std::uint64_t, Active> active_;
};

using QueueStatePtr = std::shared_ptr<const QueueState>;

io::Task<absl::StatusOr<QueueStatePtr>> AskQueues(pipeline::Pipeline& pipeline);

// Fills in the domains that are domain-secured, by the directory as it is now; from any thread.
void NameTlsDomains(const pipeline::Pipeline& pipeline, std::vector<NamedQueue>& queues);

// The ids in these queues, in order, each once; nullopt when they are more than kTicketsMax.
io::Task<absl::StatusOr<std::optional<std::vector<base::MessageId>>>> AskIds(
    pipeline::Pipeline& pipeline, std::vector<NamedQueue> queues);

}  // namespace postern::admin
