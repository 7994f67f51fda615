#include "services/mailbox-transport/admin/message_actions.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "services/mailbox-transport/admin/action_count.h"

namespace postern::admin {

namespace {

using Status = queue::MessageStatus;
using Sliced = absl::StatusOr<MessageWalk::Slice>;

// Several slices are acted on together, for each time the store is waited for. A slice more is no
// more than a call takes.
constexpr std::size_t kActedAtOnce = pipeline::kChangeMax - kSliceMessages;

// Nothing is done to every message by leaving a word out.
absl::Status CheckTerms(const v1::MessageActionRequest& request) {
  switch (request.action()) {
    case v1::MESSAGE_ACTION_SUSPEND:
    case v1::MESSAGE_ACTION_RESUME:
    case v1::MESSAGE_ACTION_REMOVE:
      break;
    default:
      return absl::InvalidArgumentError("action: say what is to be done");
  }
  if (request.identity().empty() && base::Trim(request.filter()).empty()) {
    return absl::InvalidArgumentError("give an identity or a filter");
  }
  return absl::OkStatus();
}

queue::Wish WishOf(const v1::MessageActionRequest& request) {
  switch (request.action()) {
    case v1::MESSAGE_ACTION_SUSPEND:
      return queue::Wish::kSuspend;
    case v1::MESSAGE_ACTION_RESUME:
      return queue::Wish::kResume;
    default:
      return request.without_ndr() ? queue::Wish::kRemove : queue::Wish::kRemoveWithNdr;
  }
}

Judged JudgedOf(v1::MessageAction action, const MessageWalk::Row& row) {
  const Standing& standing = row.fields.standing;
  const Status status = standing.ticket.status;
  const bool poison = standing.queue == kPoison;
  if (!row.damage.ok()) return {false, base::Cat("its record is damaged: ", row.damage.ToString())};
  if (standing.queue == kSubmission) {
    return {false, "it has no next hop before Resume-Queue Submission"};
  }
  switch (action) {
    case v1::MESSAGE_ACTION_SUSPEND:
      if (poison) return {false, "a poison message is at rest until it is resumed or removed"};
      return {status != Status::kSuspended && status != Status::kPendingSuspend, ""};
    case v1::MESSAGE_ACTION_RESUME:
      return {poison || status == Status::kSuspended || status == Status::kPendingSuspend, ""};
    default:
      return {status != Status::kPendingRemove, ""};
  }
}

}  // namespace

void MessageActions::Judge(const v1::MessageActionRequest& request,
                           const MessageWalk::Row& row,
                           v1::ActionResponse& response,
                           Targets& targets) {
  const Standing& standing = row.fields.standing;
  const Judged judged = JudgedOf(request.action(), row);
  if (judged.acts && !request.dry_run()) {
    targets[standing.hop].push_back(row.fields.message.id);
    return;
  }
  const std::string identity =
      base::Cat(row.fields.server, "\\", standing.queue, "\\", row.fields.message.id.ToString());
  Count(judged, identity, !request.identity().empty(), request.dry_run(), response);
}

io::Task<absl::Status> MessageActions::Act(const v1::MessageActionRequest& request,
                                           Targets targets,
                                           v1::ActionResponse& response) {
  for (auto& [hop, ids] : targets) {
    const auto changed = co_await pipeline_.ChangeMessages(hop, std::move(ids), WishOf(request));
    if (!changed.ok()) co_return changed.status();
    response.set_changed(response.changed() + changed->done + changed->pending);
    response.set_pending(response.pending() + changed->pending);
    response.set_unchanged(response.unchanged() + changed->absent);
  }
  co_return absl::OkStatus();
}

io::Task<absl::Status> MessageActions::Answer(const v1::MessageActionRequest& request,
                                              v1::ActionResponse& response,
                                              absl::AnyInvocable<bool()> cancelled) {
  if (const absl::Status terms = CheckTerms(request); !terms.ok()) co_return terms;
  MessageTerms terms{.identity = request.identity(), .filter = request.filter()};
  auto chosen = co_await ChooseMessages(pipeline_, std::move(terms));
  if (!chosen.ok()) co_return chosen.status();
  const MessageWalk walk(pipeline_.store(), pipeline_.server(), std::move(chosen->terms));
  v1::Cursor cursor = request.resume();
  if (!request.has_resume()) cursor.set_total(chosen->total);
  RowPlace at{cursor.message(), cursor.queue()};
  const absl::Time begun = absl::Now();
  Targets targets;
  std::uint64_t gathered = 0;  // messages looked at since the last ones were acted on
  for (;;) {
    if (cancelled()) co_return absl::CancelledError("the caller has gone");
    absl::AnyInvocable<Sliced()> read = [&, now = clock_.Now()] {
      return walk.Next(*chosen->queues, now, at, [&](const MessageWalk::Row& row) {
        cursor.set_matched(cursor.matched() + 1);
        Judge(request, row, response, targets);
        return true;
      });
    };
    const Sliced slice = co_await io::OnDisk<Sliced>(disk_, std::move(read));
    if (!slice.ok()) co_return slice.status();
    cursor.set_examined(cursor.examined() + slice->examined);
    gathered += slice->examined;
    const bool over = slice->ended || absl::Now() - begun >= kAnswerTime;
    if (!over && gathered < kActedAtOnce) continue;
    gathered = 0;
    Targets chosen_now = std::exchange(targets, Targets());
    const absl::Status acted = co_await Act(request, std::move(chosen_now), response);
    if (!acted.ok()) co_return acted;
    if (slice->ended) break;
    if (absl::Now() - begun < kAnswerTime) continue;
    cursor.set_message(at.message);
    cursor.set_queue(at.queue);
    *response.mutable_next() = cursor;
    co_return absl::OkStatus();
  }
  if (!request.identity().empty() && cursor.matched() == 0) {
    co_return NoSuchMessage(request.identity(), pipeline_.server());
  }
  co_return absl::OkStatus();
}

}  // namespace postern::admin
