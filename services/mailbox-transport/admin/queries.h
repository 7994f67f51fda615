// services/mailbox-transport/admin/queries.h
//
// Queries: what the admin API answers about routes, queues and messages, without gRPC.
//
// Flow      Route answers at once, from any thread; Queues and Messages are awaited on an executor.
// Failure   kInvalidArgument and kNotFound name what was asked; kUnavailable: the directory is not
//           loaded yet, or a shard does not answer.
// Lifetime  Borrows its parts; requests and responses outlive the awaited call.
// Limits    As AdminService says.
// See       message_query.h

#pragma once

#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/io/task.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/admin/admin_service.h"
#include "services/mailbox-transport/admin/message_query.h"

namespace postern::admin {

class Queries {
 public:
  explicit Queries(const AdminService::Parts& parts)
      : pipeline_(parts.pipeline),
        disk_(parts.disk),
        messages_(parts.pipeline, parts.disk, parts.clock) {}

  absl::Status Route(const v1::TestRouteRequest& request, v1::TestRouteResponse& response) const;

  io::Task<absl::Status> Queues(const v1::GetQueueRequest& request, v1::GetQueueResponse& response);
  // `cancelled` is asked between slices.
  io::Task<absl::Status> Messages(const v1::GetMessageRequest& request,
                                  v1::GetMessageResponse& response,
                                  absl::AnyInvocable<bool()> cancelled);

 private:
  // Chooses, sorts and pages; on the disk pool, because there may be thousands.
  absl::Status Show(const v1::GetQueueRequest& request,
                    std::vector<NamedQueue> queues,
                    v1::GetQueueResponse& response) const;

  pipeline::Pipeline& pipeline_;
  io::DiskPool& disk_;
  MessageQuery messages_;
};

}  // namespace postern::admin
