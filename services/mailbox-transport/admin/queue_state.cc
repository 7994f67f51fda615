#include "services/mailbox-transport/admin/queue_state.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/functional/any_invocable.h"

#include "common/base/text.h"
#include "services/mailbox-transport/pipeline/ask.h"

namespace postern::admin {

namespace {

// Ids of a queue are asked for one queue after the other.
constexpr std::size_t kListedQueuesMax = 64;

struct ShardAnswer {
  std::vector<queue::QueueView> views;
  std::vector<QueueState::Active> active;
};

ShardAnswer AnswerOf(const queue::Queue& queue) {
  ShardAnswer answer;
  answer.views = queue.Queues();
  for (const queue::QueueView& view : answer.views) {
    if (view.connections == 0) continue;
    for (const queue::TicketView& ticket : queue.UnderWay(view.hop, view.connections))
      answer.active.push_back({ticket.id, view.hop, ticket.status});
  }
  return answer;
}

}  // namespace

std::uint64_t QueueRank(std::string_view name) {
  if (name == kSubmission) return 1;
  if (name == kUnreachable) return 2;
  if (name == kPoison) return 3;
  const auto number = base::ParseUnsigned(name);
  return number ? 10 + *number : 9;
}

QueueState::QueueState(std::vector<NamedQueue> queues, const std::vector<Active>& active)
    : queues_(std::move(queues)) {
  for (std::size_t i = 0; i < queues_.size(); ++i)
    places_.emplace(model::QueueOf(queues_[i].view.hop), i);
  for (const Active& one : active)
    active_.emplace(one.id.value, Active{one.id, model::QueueOf(one.hop), one.status});
}

const NamedQueue* QueueState::Find(const model::NextHop& hop) const {
  const auto found = places_.find(model::QueueOf(hop));
  return found == places_.end() ? nullptr : &queues_[found->second];
}

std::size_t QueueState::message_count() const {
  std::size_t count = 0;
  for (const NamedQueue& queue : queues_)
    count += queue.view.message_count;
  return count;
}

base::MessageId QueueState::first() const {
  base::MessageId first;
  for (const NamedQueue& queue : queues_) {
    if (queue.view.first.value == 0) continue;
    if (first.value == 0 || queue.view.first < first) first = queue.view.first;
  }
  return first;
}

const QueueState::Active* QueueState::FindActive(base::MessageId id,
                                                 const model::NextHop& hop) const {
  const auto [from, to] = active_.equal_range(id.value);
  const auto found =
      std::find_if(from, to, [&hop](const auto& one) { return one.second.hop == hop; });
  return found == to ? nullptr : &found->second;
}

std::vector<PlacedRow> QueueState::StandingsOf(const model::Message& message,
                                               absl::Time now) const {
  std::set<model::NextHop> hops;
  for (const model::RecipientState& state : message.recipients) {
    if (state.phase == model::Phase::kPending) hops.insert(model::QueueOf(state.next_hop));
  }
  std::vector<PlacedRow> rows;
  for (const model::NextHop& hop : hops) {
    PlacedRow row;
    Standing& standing = row.standing;
    standing.hop = hop;
    standing.queue = hop.domain;
    standing.ticket = TicketOf(message, hop, now);
    if (const NamedQueue* queue = Find(hop)) {
      standing.queue = queue->name;
      standing.queue_error = queue->view.last_error;
      const bool waits = standing.ticket.status != queue::MessageStatus::kSuspended;
      if (waits && queue->view.status == queue::QueueStatus::kRetry) {
        standing.ticket.status = queue::MessageStatus::kRetry;
        standing.ticket.due = std::max(standing.ticket.due, queue->view.next_retry_time);
      }
    }
    if (const Active* active = FindActive(message.id, hop)) {
      standing.ticket.status = active->status;
    }
    row.place = {message.id.value, QueueRank(standing.queue)};
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(),
            [](const PlacedRow& a, const PlacedRow& b) { return a.place < b.place; });
  return rows;
}

io::Task<absl::StatusOr<QueueStatePtr>> AskQueues(pipeline::Pipeline& pipeline) {
  std::vector<std::vector<queue::QueueView>> views;
  std::vector<QueueState::Active> active;
  for (const auto& shard : pipeline.shards()) {
    absl::AnyInvocable<ShardAnswer()> ask = [at = shard.get()] { return AnswerOf(at->queue()); };
    auto got = co_await pipeline::AskShard<ShardAnswer>(*shard, std::move(ask));
    if (!got.ok()) co_return got.status();
    views.push_back(std::move(got->views));
    active.insert(active.end(), got->active.begin(), got->active.end());
  }
  co_return std::make_shared<const QueueState>(NameQueues(pipeline.Submission(), std::move(views)),
                                               active);
}

void NameTlsDomains(const pipeline::Pipeline& pipeline, std::vector<NamedQueue>& queues) {
  const pipeline::RouteTablePtr table = pipeline.router().table();
  if (table == nullptr) return;
  const directory::Snapshot& snapshot = table->snapshot();
  for (NamedQueue& queue : queues) {
    const model::NextHop& hop = queue.view.hop;
    const auto* connector = snapshot.FindConnector(hop.connector);
    const bool secure = connector != nullptr && connector->domain_secure_enabled &&
                        snapshot.SendsDomainSecure(hop.domain);
    if (secure) queue.tls_domain = hop.domain;
  }
}

io::Task<absl::StatusOr<std::optional<std::vector<base::MessageId>>>> AskIds(
    pipeline::Pipeline& pipeline, std::vector<NamedQueue> queues) {
  std::optional<std::vector<base::MessageId>> ids;
  std::size_t count = 0;
  for (const NamedQueue& queue : queues) {
    count += queue.view.message_count;
    // No shard has what is held in Submission: the store knows it.
    if (queue.name == kSubmission && queue.view.message_count > 0) co_return ids;
  }
  if (count > kTicketsMax || queues.size() > kListedQueuesMax) co_return ids;
  ids.emplace();
  using Tickets = std::vector<queue::TicketView>;
  for (const NamedQueue& queue : queues) {
    if (queue.view.message_count == 0) continue;
    pipeline::Shard& shard = *pipeline.shards()[queue.shard];
    absl::AnyInvocable<Tickets()> ask = [&shard, hop = queue.view.hop] {
      return shard.queue().Tickets(hop, kTicketsMax);
    };
    const auto tickets = co_await pipeline::AskShard<Tickets>(shard, std::move(ask));
    if (!tickets.ok()) co_return tickets.status();
    for (const queue::TicketView& ticket : *tickets)
      ids->push_back(ticket.id);
  }
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  co_return ids;
}

}  // namespace postern::admin
