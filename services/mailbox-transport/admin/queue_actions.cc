#include "services/mailbox-transport/admin/queue_actions.h"

#include <utility>

#include "common/base/text.h"
#include "services/mailbox-transport/admin/message_query.h"
#include "services/mailbox-transport/admin/queue_choice.h"

namespace postern::admin {

namespace {

using Views = std::vector<queue::QueueView>;

// Nothing is done to every queue by leaving a word out.
absl::Status CheckTerms(const v1::QueueActionRequest& request) {
  if (request.action() != v1::QUEUE_ACTION_RETRY && request.action() != v1::QUEUE_ACTION_RESUBMIT) {
    return absl::InvalidArgumentError("action: say what is to be done");
  }
  if (request.identity().empty() && base::Trim(request.filter()).empty()) {
    return absl::InvalidArgumentError("give an identity or a filter");
  }
  if (request.identity().ends_with('*')) {
    return absl::InvalidArgumentError("identity \"*\": name one queue, or give a filter");
  }
  return absl::OkStatus();
}

}  // namespace

QueueActions::Judged QueueActions::Judge(v1::QueueAction action, const NamedQueue& queue) {
  if (queue.name == kSubmission) {
    return {false, "messages are routed as they are accepted, none waits here"};
  }
  if (action == v1::QUEUE_ACTION_RESUBMIT) return {queue.view.message_count > 0, ""};
  if (queue.view.status == queue::QueueStatus::kRetry) return {true, ""};
  return {false, base::Cat("it is ", queue::NameOf(queue.view.status), ", not in Retry")};
}

void QueueActions::Count(const v1::QueueActionRequest& request,
                         const std::string& identity,
                         const Judged& judged,
                         v1::ActionResponse& response) {
  if (judged.acts) {
    response.set_changed(response.changed() + 1);
    if (request.dry_run() && response.identities_size() < kNamedMax) {
      response.add_identities(identity);
    }
  } else if (judged.refusal.empty() || request.identity().empty()) {
    response.set_unchanged(response.unchanged() + 1);
  } else {
    response.set_failed(response.failed() + 1);
    if (response.failures_size() >= kFailuresMax) return;
    v1::ActionFailure& failure = *response.add_failures();
    failure.set_identity(identity);
    failure.set_reason(judged.refusal);
  }
}

io::Task<absl::StatusOr<std::vector<NamedQueue>>> QueueActions::Chosen(
    const v1::QueueActionRequest& request) {
  if (const absl::Status terms = CheckTerms(request); !terms.ok()) co_return terms;
  QueueTerms terms{.identity = request.identity(), .filter = request.filter()};
  const auto choice = QueueChoice::Parse(terms, pipeline_.server());
  if (!choice.ok()) co_return choice.status();
  const auto state = co_await AskQueues(pipeline_);
  if (!state.ok()) co_return state.status();
  co_return choice->Chosen((*state)->queues());
}

io::Task<absl::Status> QueueActions::Answer(const v1::QueueActionRequest& request,
                                            v1::ActionResponse& response,
                                            absl::AnyInvocable<bool()> cancelled) {
  auto queues = co_await Chosen(request);
  // The last message of a queue may have left with the answer before.
  if (absl::IsNotFound(queues.status()) && request.has_resume()) co_return absl::OkStatus();
  if (!queues.ok()) co_return queues.status();
  const absl::Time deadline = absl::Now() + kAnswerTime;
  v1::Cursor at = request.resume();
  if (!request.has_resume()) {
    for (const NamedQueue& queue : *queues)
      at.set_total(at.total() + queue.view.message_count);
  }
  for (NamedQueue& queue : *queues) {
    if (cancelled()) co_return absl::CancelledError("the caller has gone");
    const std::uint64_t rank = QueueRank(queue.name);
    if (rank < at.queue()) continue;
    const bool begun = rank == at.queue() && at.message() != 0;
    if (!begun) at.set_message(0);
    at.set_queue(rank);
    Judged judged = Judge(request.action(), queue);
    const std::string identity = base::Cat(pipeline_.server(), "\\", queue.name);
    const bool resubmits = request.action() == v1::QUEUE_ACTION_RESUBMIT;
    if (judged.acts && !request.dry_run() && !resubmits) {
      auto acted = co_await Retry(queue);
      if (!acted.ok()) co_return acted.status();
      judged = *std::move(acted);
    }
    if (!begun) Count(request, identity, judged, response);
    if (!judged.acts || request.dry_run() || !resubmits) continue;
    const auto all = co_await Resubmit(std::move(queue), deadline, at, response);
    if (!all.ok()) co_return all.status();
    if (*all) continue;
    *response.mutable_next() = at;
    co_return absl::OkStatus();
  }
  co_return absl::OkStatus();
}

io::Task<absl::StatusOr<QueueActions::Judged>> QueueActions::Retry(NamedQueue queue) {
  pipeline::Shard& shard = *pipeline_.shards()[queue.shard];
  absl::AnyInvocable<bool()> retry = [&shard, hop = queue.view.hop] {
    return shard.queue().RetryNow(hop);
  };
  const std::optional<bool> done = co_await AskShard<bool>(shard, std::move(retry));
  if (!done) co_return SilentShard();
  // It may have left its state since it was looked at.
  co_return Judged{*done, *done ? "" : "it is not in Retry any more"};
}

io::Task<absl::StatusOr<bool>> QueueActions::Resubmit(NamedQueue queue,
                                                      absl::Time deadline,
                                                      v1::Cursor& at,
                                                      v1::ActionResponse& response) {
  pipeline::Shard& shard = *pipeline_.shards()[queue.shard];
  if (at.message() == 0) {
    absl::AnyInvocable<std::uint64_t()> mark = [&shard] { return shard.queue().Mark(); };
    const auto now = co_await AskShard<std::uint64_t>(shard, std::move(mark));
    if (!now) co_return SilentShard();
    at.set_message(*now);
  }
  for (;;) {
    auto done = std::make_shared<io::Completion<std::size_t>>(*io::Executor::Current());
    shard.executor().Post([&shard, done, hop = queue.view.hop, mark = at.message()] {
      shard.Resubmit(hop, mark, kResubmitSlice, [done](std::size_t count) { done->Set(count); });
    });
    const std::optional<std::size_t> count = co_await done->Until(kShardTimeout);
    if (!count) co_return SilentShard();
    response.set_messages(response.messages() + *count);
    at.set_examined(at.examined() + *count);
    if (*count == 0) co_return true;
    if (absl::Now() > deadline) co_return false;
  }
}

}  // namespace postern::admin
