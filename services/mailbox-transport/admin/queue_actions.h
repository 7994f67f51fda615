// services/mailbox-transport/admin/queue_actions.h
//
// QueueActions: what operators do to queues: suspend, resume, try now, have their messages routed
// again.
//
// Flow      co_await Answer(request, response, cancelled); again with response.next as
//           request.resume until there is none.
// Failure   kInvalidArgument and kNotFound name what was asked. A queue that is in no state for it
//           is a failure in the answer; one that a filter chose is counted as refused.
// Lifetime  Borrows its parts; requests and responses outlive the awaited call.
// Limits    An answer takes about kAnswerTime; kFailuresMax failures and kNamedMax identities are
//           named; kResubmitSlice messages are routed again at a time.
// See       queue_choice.h; Exchange's Suspend-Queue, Resume-Queue, Retry-Queue

#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "common/io/task.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/admin/action_count.h"
#include "services/mailbox-transport/admin/queue_state.h"

namespace postern::admin {

inline constexpr std::size_t kResubmitSlice = 256;

class QueueActions {
 public:
  explicit QueueActions(pipeline::Pipeline& pipeline) : pipeline_(pipeline) {}

  // `cancelled` is asked between slices.
  io::Task<absl::Status> Answer(const v1::QueueActionRequest& request,
                                v1::ActionResponse& response,
                                absl::AnyInvocable<bool()> cancelled);

 private:
  static Judged Judge(v1::QueueAction action, const NamedQueue& queue);
  io::Task<absl::StatusOr<std::vector<NamedQueue>>> Chosen(const v1::QueueActionRequest& request);
  io::Task<absl::StatusOr<Judged>> Act(v1::QueueAction action, NamedQueue queue);
  // Routes again what was in the queue before its mark at.message, which is set when it is 0, until
  // `deadline`. True: all of it.
  io::Task<absl::StatusOr<bool>> Resubmit(NamedQueue queue,
                                          absl::Time deadline,
                                          v1::Cursor& at,
                                          v1::ActionResponse& response);

  pipeline::Pipeline& pipeline_;
};

}  // namespace postern::admin
