#include "services/mailbox-transport/admin/queue_actions.h"

#include <utility>

#include "common/base/text.h"
#include "services/mailbox-transport/admin/message_query.h"
#include "services/mailbox-transport/admin/queue_choice.h"
#include "services/mailbox-transport/pipeline/ask.h"

namespace postern::admin {

namespace {

using Views = std::vector<queue::QueueView>;

// Nothing is done to every queue by leaving a word out.
absl::Status CheckTerms(const v1::QueueActionRequest& request) {
  if (request.action() == v1::QUEUE_ACTION_UNSPECIFIED ||
      !v1::QueueAction_IsValid(request.action())) {
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

Judged QueueActions::Judge(v1::QueueAction action, const NamedQueue& queue) {
  const queue::QueueStatus status = queue.view.status;
  const bool suspended = status == queue::QueueStatus::kSuspended;
  if (queue.name == kPoison) return {false, "its messages are resumed or removed one by one"};
  const bool holds = action == v1::QUEUE_ACTION_SUSPEND || action == v1::QUEUE_ACTION_RESUME;
  if (queue.name == kSubmission && !holds) return {false, "its messages have no next hop yet"};
  switch (action) {
    case v1::QUEUE_ACTION_SUSPEND:
      return {!suspended, ""};
    case v1::QUEUE_ACTION_RESUME:
      return {suspended, ""};
    case v1::QUEUE_ACTION_RETRY:
      if (status == queue::QueueStatus::kRetry) return {true, ""};
      return {false, base::Cat("it is ", queue::NameOf(status), ", not in Retry")};
    default:
      if (suspended) return {false, "it is Suspended: Resume-Queue comes first"};
      return {queue.view.message_count > 0, ""};
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
  std::vector<NamedQueue> queues = (*state)->queues();
  NameTlsDomains(pipeline_, queues);
  co_return choice->Chosen(std::move(queues));
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
      auto acted = co_await Act(request.action(), queue);
      if (!acted.ok()) co_return acted.status();
      judged = *std::move(acted);
    }
    if (!begun) Count(judged, identity, !request.identity().empty(), request.dry_run(), response);
    if (!judged.acts || request.dry_run() || !resubmits) continue;
    const auto all = co_await Resubmit(std::move(queue), deadline, at, response);
    if (!all.ok()) co_return all.status();
    if (*all) continue;
    *response.mutable_next() = at;
    co_return absl::OkStatus();
  }
  co_return absl::OkStatus();
}

io::Task<absl::StatusOr<Judged>> QueueActions::Act(v1::QueueAction action, NamedQueue queue) {
  absl::Status done;
  if (action == v1::QUEUE_ACTION_SUSPEND) {
    done = co_await pipeline_.SuspendQueue(queue.view.hop);
  } else if (action == v1::QUEUE_ACTION_RESUME) {
    done = co_await pipeline_.ResumeQueue(queue.view.hop);
  } else {
    done = co_await pipeline_.RetryQueue(queue.view.hop);
  }
  // It may have left its state since it was looked at.
  if (absl::IsFailedPrecondition(done)) co_return Judged{false, std::string(base::MessageOf(done))};
  if (!done.ok()) co_return done;
  co_return Judged{true, ""};
}

io::Task<absl::StatusOr<bool>> QueueActions::Resubmit(NamedQueue queue,
                                                      absl::Time deadline,
                                                      v1::Cursor& at,
                                                      v1::ActionResponse& response) {
  pipeline::Shard& shard = *pipeline_.shards()[queue.shard];
  if (at.message() == 0) {
    absl::AnyInvocable<std::uint64_t()> mark = [&shard] { return shard.queue().Mark(); };
    const auto now = co_await pipeline::AskShard<std::uint64_t>(shard, std::move(mark));
    if (!now.ok()) co_return now.status();
    at.set_message(*now);
  }
  for (;;) {
    io::Task<std::size_t> some = shard.ResubmitSome(queue.view.hop, at.message(), kResubmitSlice);
    const auto count = co_await pipeline::AskShardTask(shard, std::move(some));
    if (!count.ok()) co_return count.status();
    response.set_messages(response.messages() + *count);
    at.set_examined(at.examined() + *count);
    if (*count == 0) co_return true;
    if (absl::Now() > deadline) co_return false;
  }
}

}  // namespace postern::admin
