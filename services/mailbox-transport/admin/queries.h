// services/mailbox-transport/admin/queries.h
//
// Queries: what the admin API answers, without gRPC.
//
// Flow      Connectors and Route answer at once, from any thread; Queues and Messages are awaited
//           on an executor.
// Failure   kInvalidArgument and kNotFound name what was asked; kUnavailable: the directory is not
//           loaded yet, or a shard does not answer.
// Lifetime  Borrows its parts; requests and responses outlive the awaited call.
// Limits    As AdminService says.

#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/io/task.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/admin/admin_service.h"
#include "services/mailbox-transport/admin/message_info.h"
#include "services/mailbox-transport/admin/queue_names.h"

namespace postern::admin {

class Queries {
 public:
  explicit Queries(const AdminService::Parts& parts)
      : pipeline_(parts.pipeline), disk_(parts.disk), clock_(parts.clock) {}

  absl::Status Route(const v1::TestRouteRequest& request, v1::TestRouteResponse& response) const;

  io::Task<absl::Status> Queues(const v1::GetQueueRequest& request, v1::GetQueueResponse& response);
  // `cancelled` is asked between slices.
  io::Task<absl::Status> Messages(const v1::GetMessageRequest& request,
                                  v1::GetMessageResponse& response,
                                  absl::AnyInvocable<bool()> cancelled);

 private:
  using Infos = std::vector<v1::MessageInfo>;

  template <typename T>
  io::Task<std::optional<T>> On(pipeline::Shard& shard, absl::AnyInvocable<T()> ask);
  io::Task<absl::StatusOr<std::vector<NamedQueue>>> AllQueues();
  io::Task<absl::Status> OneMessage(const v1::GetMessageRequest& request,
                                    v1::GetMessageResponse& response);
  Infos InfosOf(const model::Message& message,
                const std::vector<NamedQueue>& queues,
                const v1::GetMessageRequest& request,
                std::string_view only) const;
  // Reads the messages of one slice; those that have left meanwhile are not in the result.
  Infos Read(const std::vector<Standing>& slice, bool include_recipients) const;

  pipeline::Pipeline& pipeline_;
  io::DiskPool& disk_;
  base::Clock& clock_;
};

}  // namespace postern::admin
