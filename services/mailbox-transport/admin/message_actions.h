// services/mailbox-transport/admin/message_actions.h
//
// MessageActions: what operators do to messages: suspend, resume, remove; one, or all that fit.
//
// Flow      co_await Answer(request, response, cancelled); again with response.next as
//           request.resume until there is none.
// Failure   kInvalidArgument and kNotFound name what was asked. A message that is in no state for
//           it is a failure in the answer; one that a filter chose is counted as refused.
// Lifetime  Borrows its parts; requests and responses outlive the awaited call.
// Limits    An answer takes about kAnswerTime; a few slices of a walk are acted on at a time, so
//           that delivery goes on in between. kFailuresMax failures and kNamedMax identities are
//           named.
// See       message_walk.h; Exchange's Suspend-Message, Resume-Message, Remove-Message

#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "common/base/clock.h"
#include "common/io/on_disk.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/admin/message_query.h"

namespace postern::admin {

class MessageActions {
 public:
  MessageActions(pipeline::Pipeline& pipeline, io::DiskPool& disk, base::Clock& clock)
      : pipeline_(pipeline), disk_(disk), clock_(clock) {}

  // `cancelled` is asked between slices.
  io::Task<absl::Status> Answer(const v1::MessageActionRequest& request,
                                v1::ActionResponse& response,
                                absl::AnyInvocable<bool()> cancelled);

 private:
  using Targets = std::map<model::NextHop, std::vector<base::MessageId>>;

  // Counts what needs nothing or cannot be done, and takes what is to be acted on.
  static void Judge(const v1::MessageActionRequest& request,
                    const MessageWalk::Row& row,
                    v1::ActionResponse& response,
                    Targets& targets);
  io::Task<absl::Status> Act(const v1::MessageActionRequest& request,
                             Targets targets,
                             v1::ActionResponse& response);

  pipeline::Pipeline& pipeline_;
  io::DiskPool& disk_;
  base::Clock& clock_;
};

}  // namespace postern::admin
